"""All addresses. tests/house holds the table route × role → status and executes it."""

from django.urls import include, path

urlpatterns = [
    path("", include("auscult.web.urls")),
    path("", include("auscult.community.urls")),
    path("", include("auscult.surveys.urls")),
    path("", include("auscult.publishing.urls")),
    path("", include("auscult.voice.urls")),
    path("", include("auscult.partnerships.urls")),
    path("", include("auscult.registry.urls")),
    path("", include("auscult.members.urls")),
    path("accounts/", include("allauth.urls")),
]
handler404 = "auscult.web.views.not_found"
handler500 = "auscult.web.views.failed"
