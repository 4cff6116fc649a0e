"""The volunteers' association: branches, teams and who belongs to them, from application to leaving.

Comes in: applications and decisions. Goes out: memberships, grants for leaders, member areas, `MembershipChanged`.
"""
