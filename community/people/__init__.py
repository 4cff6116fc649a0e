"""Who the members are: names, phones under cipher, consent, sessions and sign-in.

Comes in: what people say of themselves, and admins who have checked it. Goes out: identities, consents,
`MemberVerified`.
"""
