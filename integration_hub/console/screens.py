"""Screens: sign-in and permission are part of the declaration, one URL serves page, partial and file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, Concatenate, Literal, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.utils import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.vary import vary_on_headers

from integration_hub.console import export, offers
from integration_hub.console.buttons import Button
from integration_hub.console.filters import FilterBar, Standing
from integration_hub.console.freshness import freshness_for
from integration_hub.console.http import Request, signed_in, wants_partial
from integration_hub.console.tables import Table
from integration_hub.kernel.clock import now
from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from integration_hub.trail import record

Rest = ParamSpec("Rest")
ScreenView = Callable[Concatenate[Request, Rest], HttpResponseBase]
DjangoView = Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]
SIGNED_IN = "signed-in"


def require(user: User, permission: str) -> None:
    """Raise `PermissionDenied` with a reason the 403 page shows, unless the person has the permission."""
    if permission != SIGNED_IN and not user.has_perm(permission):
        raise PermissionDenied(
            f"Your role does not include this. An administrator can grant it: permission {permission}."
        )


def screen(*, permission: str, methods: Iterable[str] = ("GET",)) -> Callable[[ScreenView[Rest]], DjangoView[Rest]]:
    """A function view as a screen: signed in, permitted, only the named methods, `Vary: HX-Request`.

    `permission` is `"app.codename"`, or `SIGNED_IN` for screens that everyone has.
    Decisions need `methods=("GET", "POST")`.
    """
    allowed = sorted({method.upper() for method in methods} | ({"HEAD"} if "GET" in methods else set()))

    def decorate(view: ScreenView[Rest]) -> DjangoView[Rest]:
        @wraps(view)
        @vary_on_headers("HX-Request")
        def checked(request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            person = signed_in(request)
            require(person.user, permission)
            return view(person, *args, **kwargs)

        checked.permission = permission  # type: ignore[attr-defined]
        return cast(DjangoView[Rest], checked)

    return decorate


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says. `done` lists are glad to be empty, unless a source is late."""

    title: str
    text: str = ""
    kind: Literal["nothing", "no-match", "done", "failed"] = "nothing"
    url: str = ""
    action: str = ""


@method_decorator(vary_on_headers("HX-Request"), name="dispatch")
class ListScreen(View):
    """A list with filters, sorting, keyset pages and files: declare, override `rows`, done.

    A subclass must state `permission` and `scope` (the ORM path of the legal entity's code; None when the rows belong
    to no legal entity): forgetting one is an error at import.
    """

    permission: ClassVar[str]
    scope: ClassVar[str | None]
    title: ClassVar[str] = ""
    lead: ClassVar[str] = ""
    table_class: ClassVar[type[Table]]
    filterset_class: ClassVar[type[Any] | None] = None
    template_name: ClassVar[str] = "console/list.html"
    standing: ClassVar[Standing | None] = None
    """What the list leaves out unless the reader asks for it."""
    empty: ClassVar[Empty] = Empty("Nothing here yet")
    exportable: ClassVar[bool] = True
    noun: ClassVar[str] = ""
    """What the rows are called in `console.offers`: rooms above may add buttons."""
    http_method_names = ["get", "head", "options"]
    request: Request

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("permission", "scope"):
            if not hasattr(cls, name):
                raise TypeError(f"{cls.__qualname__} must state `{name}`.")

    # What a screen may override ------------------------------------------------------------------------------------

    def rows(self) -> "QuerySet[Any]":
        """The rows before scope, filters and order. Select what the columns need; never load large JSON."""
        raise NotImplementedError

    def buttons(self) -> list[Button]:
        """What can be done on the page as a whole, the primary one first."""
        return []

    def bulk_buttons(self) -> list[Button]:
        """What can be done with ticked rows; each posts `selected` values to its `url` (see `http.selection`)."""
        return []

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """The way here as (label, address), without the page itself."""
        return []

    def context(self) -> dict[str, Any]:
        """More for the template."""
        return {}

    # The machinery -------------------------------------------------------------------------------------------------

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require(signed_in(request).user, self.permission)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page, its list part for htmx, or the file."""
        bar = FilterBar(self.filterset_class, self._scoped(), request, self.standing)
        table = self.table_class(bar.rows, request, region="list")
        if (form := request.GET.get("format", "")) in export.FORMS and self.exportable:
            return self._file(form, table, bar)
        # A template that extends the console's list does not inherit its partial: there it is the console's own.
        part = [f"{self.template_name}#list", "console/list.html#list"]
        return self._page(part if wants_partial(request) else self.template_name, table, bar)

    def _scoped(self) -> "QuerySet[Any]":
        return scoped(self.rows(), self.request.user, self.scope) if self.scope else self.rows()

    def _file(self, form: str, table: Table, bar: FilterBar) -> HttpResponseBase:
        record.event(
            "console.list.exported",
            by=self.request.user,
            object_type="screen",
            object_id=self.request.path,
            label=self.title,
            filters=bar.sentence,
            columns=[column.name for column in table.shown],
            format=form,
        )
        return export.response(table, form, title=self.title, filters=bar.sentence, as_of=now())

    def _page(self, template: str | list[str], table: Table, bar: FilterBar) -> HttpResponse:
        status, empty = 200, None
        try:
            if not table.page.rows:
                empty = self._empty(bar)
        except OperationalError:
            status, empty = 503, Empty("This list could not be loaded", "The database did not answer.", kind="failed")
        bulk_buttons = [*self.bulk_buttons(), *offers.for_ticked(self.noun, self.request)]
        table.selectable = table.selectable and bool(bulk_buttons)
        context = {
            "title": self.title,
            "lead": self.lead,
            "table": table,
            "bar": bar,
            "empty": empty,
            "buttons": [*self.buttons(), *offers.for_page(self.noun, self.request)],
            "bulk_buttons": bulk_buttons,
            "breadcrumbs": self.breadcrumbs(),
            "exportable": self.exportable,
        }
        return render(self.request, template, context | self.context(), status=status)

    def _empty(self, bar: FilterBar) -> Empty:
        if bar.chips or bar.errors:
            return Empty("Nothing matches these filters", kind="no-match", url=bar.clear_url, action="Clear filters")
        late = [item.system for item in freshness_for(self.request.user) if item.late]
        if self.empty.kind == "done" and late:
            return Empty("Nothing here right now", f"{', '.join(late)} is late, so this may not be all.")
        return self.empty
