"""The interactive description of the API, without inline script or style."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny


class SchemaView(SpectacularAPIView):
    """The OpenAPI document."""

    permission_classes = [AllowAny]
    authentication_classes = []


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from our own server. The description is no secret; using the API needs a token or a session."""

    permission_classes = [AllowAny]
    authentication_classes = []
    url_name = "api:schema"
    template_name = "hub_api/docs.html"
