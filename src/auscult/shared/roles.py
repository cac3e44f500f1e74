"""Who may do what, on one page.

A role is given to an account by an operator, or follows from verification (MEMBER, ASSOCIATE). A permission is
``room:thing:verb`` and is named like the action it guards. Nothing is allowed that is not listed here.
"""

from enum import StrEnum


class Permission(StrEnum):
    """Every permission there is."""

    REGISTER_LOAD = "registry:register:load"
    CLAIM_DECIDE = "members:claim:decide"
    APPLICANT_VOUCH = "members:applicant:vouch"
    UNMASKING_ASK = "members:unmasking:ask"
    UNMASKING_DECIDE = "members:unmasking:decide"
    KEYS_ROTATE = "members:keys:rotate"
    ROLE_GRANT = "members:role:grant"
    ORGANISATION_ADD = "organisations:organisation:add"
    AFFILIATION_DECLARE = "organisations:affiliation:declare"
    MEMBERSHIP_CLAIM_PUBLISH = "organisations:membership-claim:publish"
    SURVEY_DRAFT = "surveys:survey:draft"
    SURVEY_OPEN = "surveys:survey:open"
    SURVEY_CLOSE = "surveys:survey:close"
    SURVEY_FIELD = "surveys:survey:field"
    HONORARIUM_APPROVE = "surveys:honorarium:approve"
    HONORARIUM_PAY = "surveys:honorarium:pay"
    BALLOT_CAST = "surveys:ballot:cast"
    POSTING_CREATE = "community:posting:create"
    COMMENT_CREATE = "community:comment:create"
    USEFULNESS_RATE = "community:usefulness:rate"
    WORDS_FLAG = "community:words:flag"
    WORDS_MODERATE = "community:words:moderate"
    RELEASE_PUBLISH = "publishing:release:publish"
    CELLS_EXPORT = "publishing:cells:export"
    MANDATE_STATE = "voice:mandate:state"
    MANDATES_COUNT = "voice:mandates:count"
    POSITION_STATE = "voice:position:state"
    APPEAL_DRAFT = "voice:appeal:draft"
    APPEAL_SIGN = "voice:appeal:sign"
    APPEAL_MODERATE = "voice:appeal:moderate"
    ISSUE_OPEN = "voice:issue:open"
    ISSUE_KEEP = "voice:issue:keep"
    RULING_MAKE = "partnerships:ruling:make"


class Role(StrEnum):
    """Every role there is."""

    MEMBER = "member"
    ASSOCIATE = "associate"
    VERIFIER = "verifier"
    RESEARCHER = "researcher"
    EDITOR = "editor"
    MODERATOR = "moderator"
    ARBITER = "arbiter"
    CUSTODIAN = "custodian"
    OPERATOR = "operator"


P = Permission
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    # A verified physician (level L2 or higher) whose verification has not lapsed.
    Role.MEMBER: frozenset(
        {P.BALLOT_CAST, P.POSTING_CREATE, P.COMMENT_CREATE, P.USEFULNESS_RATE, P.WORDS_FLAG, P.SURVEY_DRAFT}
        | {P.SURVEY_OPEN}
        | {P.AFFILIATION_DECLARE, P.MANDATE_STATE, P.APPEAL_DRAFT, P.APPEAL_SIGN, P.ISSUE_OPEN, P.APPLICANT_VOUCH}
    ),
    # A verified resident, student or retired physician: speaks, and is in no weight and no count of physicians.
    Role.ASSOCIATE: frozenset({P.POSTING_CREATE, P.COMMENT_CREATE, P.USEFULNESS_RATE, P.WORDS_FLAG}),
    # Sees names and evidence, never handles; decides who is verified.
    Role.VERIFIER: frozenset({P.CLAIM_DECIDE}),
    # Designs and fields surveys; sees no single answer.
    Role.RESEARCHER: frozenset({P.SURVEY_DRAFT, P.SURVEY_OPEN, P.SURVEY_CLOSE, P.SURVEY_FIELD, P.HONORARIUM_APPROVE}),
    # Puts results, public membership figures and public positions on record; keeps issues together.
    Role.EDITOR: frozenset({P.RELEASE_PUBLISH, P.MEMBERSHIP_CLAIM_PUBLISH, P.POSITION_STATE, P.ISSUE_KEEP}),
    # Opens appeals for signature, or says by a public reason why not; decides on flagged words, in a session with a reason.
    Role.MODERATOR: frozenset({P.APPEAL_MODERATE, P.ISSUE_KEEP, P.WORDS_MODERATE}),
    # Rules on allegations between the parties of an agreement; never as a representative of one of them.
    Role.ARBITER: frozenset({P.RULING_MAKE}),
    # Two of them together, with a reason and a notice to the member, may see who stands behind a handle.
    Role.CUSTODIAN: frozenset({P.UNMASKING_ASK, P.UNMASKING_DECIDE}),
    # Runs the instance: registers, roles, organisations; pays what a researcher approved. Does not verify or publish.
    Role.OPERATOR: frozenset(
        {
            P.REGISTER_LOAD,
            P.ROLE_GRANT,
            P.ORGANISATION_ADD,
            P.SURVEY_CLOSE,
            P.HONORARIUM_PAY,
            P.CELLS_EXPORT,
            P.MANDATES_COUNT,
            P.KEYS_ROTATE,
        }
    ),
}
#: Roles that an operator may give; membership comes from verification alone.
GRANTABLE = frozenset(Role) - {Role.MEMBER, Role.ASSOCIATE}
