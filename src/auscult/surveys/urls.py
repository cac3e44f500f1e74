"""Addresses of the surveys' room."""

from django.urls import path

from auscult.surveys import views

app_name = "surveys"
urlpatterns = [path("polls/<uuid:public_id>/receipt.json", views.receipt, name="receipt-read")]
