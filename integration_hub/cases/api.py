"""REST: exceptions, in the order of the queue, and what people do with them."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from integration_hub.api.fields import (
    AmountField,
    ReasonedSerializer,
    StrictSerializer,
    VersionedSerializer,
    amount_text,
)
from integration_hub.api.views import Nouns, person
from integration_hub.cases import queries
from integration_hub.cases.actions import handling, standing_in
from integration_hub.cases.models import Case, Comment, Member
from integration_hub.cases.registry import KINDS
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.people.models import User


class MoneySerializer(serializers.Serializer[Any]):
    """An amount in one currency."""

    amount = serializers.CharField()
    currency = serializers.CharField()
    basis = serializers.CharField(help_text="net, tax or gross; empty where the question does not arise.")


class CaseSerializer(serializers.ModelSerializer[Case]):
    """An exception in the queue. `held` is what it holds up, per currency; `members` how many things."""

    assigned_to = serializers.CharField(source="assigned_to.username", default=None, allow_null=True, read_only=True)
    delegate = serializers.CharField(source="delegate.username", default=None, allow_null=True, read_only=True,
                                     help_text="Who stands in for the owner until `delegate_until`")  # fmt: skip
    held = serializers.SerializerMethodField()
    members_open = serializers.IntegerField(source="held_count", read_only=True)

    class Meta:
        model = Case
        fields = ("id", "code", "title", "severity", "owner_role", "legal_entity", "status", "outcome", "assigned_to",
                  "delegate", "delegate_until",
                  "first_seen_at", "due_at", "snoozed_until", "resolved_at", "subject_type", "subject_id",
                  "subject_label", "held", "members_open", "version")  # fmt: skip

    @extend_schema_field(MoneySerializer(many=True))
    def get_held(self, row: Case) -> list[dict[str, str]]:
        """Amounts per currency and basis; never added across them."""
        amounts = self.context.get("money", {}).get(row.pk)
        if amounts is None:
            amounts = [] if "money" in self.context else queries.money_of([row.pk]).get(row.pk, [])
        return [
            {"amount": amount_text(one.amount, one.currency), "currency": one.currency, "basis": one.basis}
            for one in amounts
        ]


class MemberSerializer(serializers.ModelSerializer[Member]):
    """One thing a case holds up."""

    amount = AmountField()

    class Meta:
        model = Member
        fields = ("target_type", "target_id", "label", "amount", "currency", "basis", "is_open", "added_at",
                  "closed_at")  # fmt: skip


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """What somebody wrote."""

    author = serializers.CharField(source="author.username", read_only=True)

    class Meta:
        model = Comment
        fields = ("author", "text", "written_at")


class CasePageSerializer(CaseSerializer):
    """An exception with its remedy, its members (the first 200) and its comments."""

    closes_when = serializers.SerializerMethodField()
    members = serializers.SerializerMethodField()
    comments = serializers.SerializerMethodField()

    class Meta(CaseSerializer.Meta):
        fields = (*CaseSerializer.Meta.fields, "root_cause", "detail", "remedy", "resolution", "reopened",
                  "closes_when", "members", "comments")  # type: ignore[assignment]  # fmt: skip

    def get_closes_when(self, row: Case) -> str:
        """When it closes itself."""
        kind = KINDS.find(row.code)
        return kind.closes_when if kind else ""

    @extend_schema_field(MemberSerializer(many=True))
    def get_members(self, row: Case) -> Any:
        """Open ones first."""
        return MemberSerializer(row.members.order_by("-is_open", "id")[:200], many=True).data

    @extend_schema_field(CommentSerializer(many=True))
    def get_comments(self, row: Case) -> Any:
        """Oldest first."""
        return CommentSerializer(row.comments.select_related("author").order_by("id"), many=True).data


class AssignSerializer(VersionedSerializer):
    """To whom."""

    to = serializers.CharField(help_text="User name.")


class DelegateSerializer(ReasonedSerializer):
    """Who stands in, until when, and why."""

    to = serializers.CharField(help_text="User name.")
    until = serializers.DateTimeField()


class CommentOnSerializer(StrictSerializer):
    """What to write."""

    text = serializers.CharField()


class SnoozeSerializer(ReasonedSerializer):
    """Until when, and why it can wait."""

    until = serializers.DateTimeField()


class ResolveSerializer(VersionedSerializer):
    """`manual`: it is mended. `override`: it is accepted as it is, with a reason."""

    outcome = serializers.ChoiceField(choices=[("manual", "Mended"), ("override", "Accepted as it is")])
    text = serializers.CharField(help_text="How it was mended, or why it is accepted.")


class RetriedSerializer(serializers.Serializer[Any]):
    """How many items of work were rung, and the case."""

    items = serializers.IntegerField()
    case = CasePageSerializer()


class CaseFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which exceptions. Without `status` only open ones are listed."""

    status = django_filters.ChoiceFilter(choices=Case.Status.choices)
    code = django_filters.CharFilter()
    owner_role = django_filters.CharFilter()
    legal_entity = django_filters.CharFilter(help_text="Its code.")
    assigned_to = django_filters.CharFilter(field_name="assigned_to__username", help_text="User name.")
    severity = django_filters.NumberFilter()
    target_type = django_filters.CharFilter(method="holding", help_text="With target_id: what it holds up.")
    target_id = django_filters.CharFilter(method="holding")

    def holding(self, rows: QuerySet[Case], _name: str, _value: str) -> QuerySet[Case]:
        """Cases that hold up one thing."""
        wanted = {name: self.data[name] for name in ("target_type", "target_id") if self.data.get(name)}
        return rows.filter(pk__in=Member.objects.filter(is_open=True, **wanted).values("case"))


class Cases(Nouns):
    """Exceptions, most money first, then worst, then oldest."""

    required_scopes = {"GET": "cases:read", "POST": "cases:write"}
    required_permission = "hub_cases.view_case"
    serializer_class = CaseSerializer
    detail_serializer_class = CasePageSerializer
    filterset_class = CaseFilter
    keyset = ("-held", "severity", "first_seen_at", "id")

    def rows(self, user: User) -> QuerySet[Any]:
        """Cases of the person's legal entities; lists leave out resolved ones unless they are asked for."""
        rows = queries.visible_to(user)
        if self.action == "list" and "status" not in self.request.query_params:
            rows = rows.filter(~Q(status=Case.Status.RESOLVED))
        return queries.with_held(rows).select_related("assigned_to", "delegate")

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page, with the money of its cases read in one query."""
        page = super().paginate_queryset(queryset)
        self.money = queries.money_of(case.pk for case in page or [])
        return page

    def get_serializer_context(self) -> dict[str, Any]:
        """The money of the page's cases."""
        context = dict(super().get_serializer_context())
        return {**context, "money": self.money} if hasattr(self, "money") else context

    def _done(self, kind: type[serializers.BaseSerializer[Any]], act: Callable[..., Any]) -> Response:
        case, body = self.get_object(), self.taken(kind)
        if "version" in body:
            body["seen_version"] = body.pop("version")
        act(case_id=case.pk, by=person(self.request), **body)
        return self.shown(case)

    @extend_schema(request=AssignSerializer, responses=CasePageSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Give it to somebody who may handle it."""

        return self._done(AssignSerializer, lambda *, to, **about: handling.assign(to=_person(to), **about))

    @extend_schema(request=DelegateSerializer, responses=CasePageSerializer)
    @action(detail=True, methods=["post"])
    def delegate(self, request: Request, pk: str) -> Response:
        """Let somebody stand in for you."""
        return self._done(DelegateSerializer, lambda *, to, **about: standing_in.delegate(to=_person(to), **about))

    @extend_schema(request=VersionedSerializer, responses=CasePageSerializer)
    @action(detail=True, methods=["post"])
    def take_back(self, request: Request, pk: str) -> Response:
        """End that somebody stands in."""
        return self._done(VersionedSerializer, standing_in.take_back)

    @extend_schema(request=VersionedSerializer, responses=CasePageSerializer)
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: str) -> Response:
        """Take it yourself."""
        return self._done(VersionedSerializer, handling.claim)

    @extend_schema(request=CommentOnSerializer, responses=CasePageSerializer)
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, pk: str) -> Response:
        """Write on it, open or resolved."""
        return self._done(CommentOnSerializer, handling.comment)

    @extend_schema(request=SnoozeSerializer, responses=CasePageSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: str) -> Response:
        """Leave it alone until a moment; its clock goes on."""
        return self._done(SnoozeSerializer, handling.snooze)

    @extend_schema(request=ResolveSerializer, responses=CasePageSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """Resolve it. A case that still holds can only be overridden, with a reason."""
        return self._done(ResolveSerializer, handling.resolve)

    @extend_schema(request=VersionedSerializer, responses=RetriedSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Have the work behind it tried again."""
        case, body = self.get_object(), self.taken(VersionedSerializer)
        rung = handling.retry(case_id=case.pk, by=person(request), seen_version=body["version"])
        return Response({"items": rung, "case": self.shown(case).data})


def _person(username: str) -> User:
    """Raises BadInput where nobody has this user name."""
    found = User.objects.filter(username=username).first()
    if found is None:
        raise BadInput("Case", [Problem("to", f"there is no person {username!r}.", "Use a user name.")])
    return found


router = SimpleRouter()
router.register("cases", Cases, "case")

urlpatterns = router.urls
