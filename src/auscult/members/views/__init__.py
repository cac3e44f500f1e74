"""Pages of the members' room: the applicant's, the verifier's, the custodian's."""
