"""Addresses of the surveys' room."""

from django.urls import path

from auscult.surveys.views import answering

app_name = "surveys"
urlpatterns = [
    path("surveys/", answering.survey_list, name="survey-list"),
    path("surveys/wish/", answering.wish_set, name="wish-set"),
    path("surveys/stop/<str:token>/", answering.unsubscribed, name="unsubscribe"),
    path("surveys/<uuid:public_id>/", answering.survey, name="survey-read"),
    path("surveys/<uuid:public_id>/answer/", answering.survey_answer, name="survey-answer"),
    path("surveys/<uuid:public_id>/answer/save/", answering.answers_save, name="answers-save"),
    path("surveys/<uuid:public_id>/answered/", answering.ballot, name="ballot-read"),
    path("surveys/<uuid:public_id>/withdraw/", answering.ballot_withdraw, name="ballot-withdraw"),
    path("surveys/<uuid:public_id>/decline/", answering.survey_decline, name="survey-decline"),
    path("surveys/<uuid:public_id>/receipt.json", answering.receipt, name="receipt-read"),
]
