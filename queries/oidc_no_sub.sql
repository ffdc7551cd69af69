-- title: Web identities without a subject
-- question: Which roles trust a web identity provider for every subject?
-- columns: account, resource, status, severity, reason, role_name, privilege, statement, entry, platform, conditions
WITH facts AS (
    SELECT
        e.account AS account, e.role_arn AS resource, e.is_service_linked AS is_service_linked,
        e.role_name AS role_name, e.privilege AS privilege, e.statement AS statement, e.entry_kind AS entry_kind, e.entry AS entry, e.platform AS platform,
        e.conditions AS conditions, e.is_without_subject AS is_without_subject
    FROM trust_entries AS e
    WHERE e.entry_kind = 'oidc' OR e.entry_kind = 'untold'
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN entry_kind = 'untold' THEN 'UNKNOWN'
            WHEN is_without_subject THEN 'FAIL'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN platform = 'kubernetes' THEN 'HIGH'
            WHEN privilege = 'admin' OR privilege = 'privesc' THEN 'CRITICAL'
            ELSE 'HIGH'
        END AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN entry_kind = 'untold' THEN 'the export does not tell the trust policy of this role'
            WHEN is_without_subject AND platform = 'cognito' THEN 'neither subject nor identity pool is asked for: everybody with a token of Cognito may come in'
            WHEN is_without_subject AND platform = 'kubernetes' THEN 'no subject is asked for: every service account of the cluster may come in'
            WHEN is_without_subject THEN 'no subject is asked for: everybody to whom the provider gives a token may come in'
            WHEN platform = 'cognito' THEN 'a subject or an identity pool is asked for'
            ELSE 'a subject is asked for'
        END AS reason,
        role_name, privilege, statement, entry, platform, conditions
    FROM facts
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'HIGH' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS role_name, n.no_text AS privilege, n.no_text AS statement, n.no_text AS entry, n.no_text AS platform,
        n.no_text AS conditions
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete
)
SELECT
    account, resource, status, severity, reason, role_name, privilege, statement, entry, platform, conditions
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry ASC NULLS LAST
