-- title: Trusted principals that were deleted
-- question: Which trust policies name users or roles that are gone?
-- columns: account, resource, status, severity, reason, role_name, privilege, statement, entry_kind, entry, proposal
WITH facts AS (
    SELECT
        e.account AS account, e.role_arn AS resource, e.is_service_linked AS is_service_linked,
        e.role_name AS role_name, e.privilege AS privilege, e.statement AS statement, e.entry_kind AS entry_kind, e.entry AS entry,
        e.proposal AS proposal
    FROM trust_entries AS e
    WHERE e.entry_kind = 'dangling-id' OR e.entry_kind = 'role' OR e.entry_kind = 'user' OR e.entry_kind = 'untold'
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN entry_kind = 'untold' THEN 'UNKNOWN'
            WHEN entry_kind = 'dangling-id' THEN 'FAIL'
            ELSE 'PASS'
        END AS status,
        'LOW' AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN entry_kind = 'untold' THEN 'the export does not tell the trust policy of this role'
            WHEN entry_kind = 'dangling-id' THEN 'AWS shows the id of a principal that was deleted: remove the entry'
            ELSE 'AWS shows the name of a principal that was there when the policy was last written'
        END AS reason,
        role_name, privilege, statement, entry_kind, entry, proposal
    FROM facts
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'LOW' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS role_name, n.no_text AS privilege, n.no_text AS statement, n.no_text AS entry_kind, n.no_text AS entry,
        n.no_text AS proposal
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete
)
SELECT
    account, resource, status, severity, reason, role_name, privilege, statement, entry_kind, entry, proposal
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry_kind ASC NULLS LAST, entry ASC NULLS LAST
