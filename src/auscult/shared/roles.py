"""Who may do what, on one page.

A role is given to an account by an operator, or follows from verification (MEMBER). A permission is
``room:thing:verb`` and is named like the action it guards. Nothing is allowed that is not listed here.
"""

from enum import StrEnum


class Permission(StrEnum):
    """Every permission there is."""

    REGISTER_LOAD = "registry:register:load"
    CLAIM_DECIDE = "members:claim:decide"
    ROLE_GRANT = "members:role:grant"
    ORGANISATION_ADD = "organisations:organisation:add"
    SURVEY_DRAFT = "surveys:survey:draft"
    SURVEY_OPEN = "surveys:survey:open"
    SURVEY_CLOSE = "surveys:survey:close"
    BALLOT_CAST = "surveys:ballot:cast"
    POSTING_CREATE = "community:posting:create"
    COMMENT_CREATE = "community:comment:create"
    USEFULNESS_RATE = "community:usefulness:rate"
    RELEASE_PUBLISH = "publishing:release:publish"
    CELLS_EXPORT = "publishing:cells:export"


class Role(StrEnum):
    """Every role there is."""

    MEMBER = "member"
    VERIFIER = "verifier"
    RESEARCHER = "researcher"
    EDITOR = "editor"
    OPERATOR = "operator"


P = Permission
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    # A verified physician (level L2 or higher) whose verification has not lapsed.
    Role.MEMBER: frozenset(
        {P.BALLOT_CAST, P.POSTING_CREATE, P.COMMENT_CREATE, P.USEFULNESS_RATE, P.SURVEY_DRAFT, P.SURVEY_OPEN}
    ),
    # Sees names and evidence, never handles; decides who is verified.
    Role.VERIFIER: frozenset({P.CLAIM_DECIDE}),
    # Designs and fields surveys; sees no single answer.
    Role.RESEARCHER: frozenset({P.SURVEY_DRAFT, P.SURVEY_OPEN, P.SURVEY_CLOSE}),
    # Puts results on record.
    Role.EDITOR: frozenset({P.RELEASE_PUBLISH}),
    # Runs the instance: registers, roles, organisations. Does not verify, does not publish.
    Role.OPERATOR: frozenset({P.REGISTER_LOAD, P.ROLE_GRANT, P.ORGANISATION_ADD, P.SURVEY_CLOSE, P.CELLS_EXPORT}),
}
#: Roles that an operator may give; membership comes from verification alone.
GRANTABLE = frozenset(Role) - {Role.MEMBER}
