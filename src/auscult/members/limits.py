"""How often things may be tried: ten thousand tries at claiming learn nothing (bench/enumeration.py)."""

from datetime import timedelta

from auscult.shared.limits import Limit

CLAIMS_BY_ACCOUNT = Limit("claim by account", 10, timedelta(days=1))
CLAIMS_BY_ADDRESS = Limit("claim by address", 30, timedelta(days=1))
FIRST_TRY = Limit("claim by account and record", 1, timedelta(days=1))
CLAIMS_BY_RECORD = Limit("claim by record", 20, timedelta(days=1))
CODES_BY_ACCOUNT = Limit("code by account", 10, timedelta(days=1))
VOUCHES_BY_ACCOUNT = Limit("vouch by account", 20, timedelta(days=1))
RECOVERIES_BY_ADDRESS = Limit("recovery by address", 10, timedelta(hours=1))
#: By account and address together: nobody can use up the tries of somebody else.
RECOVERIES_BY_ACCOUNT = Limit("recovery by account and address", 5, timedelta(days=1))
PASSWORDS_BY_ACCOUNT = Limit("password by account", 10, timedelta(hours=1))
#: No answer to a claim comes sooner, whatever it is, so that its time tells nothing.
LEAST_ANSWER_TIME = timedelta(milliseconds=250)
