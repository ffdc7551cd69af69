-- title: Accounts trusted for one caller
-- question: Which roles trust a whole account although one user or role of it ever comes?
-- columns: account, resource, status, severity, reason, role_name, privilege, statement, entry, callers, caller, calls, last_seen_ms, proposal, replay
WITH uses AS (
    SELECT
        entry_id, CAST(COUNT(DISTINCT source) AS BIGINT) AS callers, MIN(source) AS caller, CAST(SUM(calls) AS BIGINT) AS calls,
        MIN(first_seen_ms) AS first_seen_ms, MAX(last_seen_ms) AS last_seen_ms, CAST(SUM(external_id_calls) AS BIGINT) AS external_id_calls,
        MAX(external_id_roles) AS external_id_roles, MAX(external_id_replay) AS external_id_replay, MAX(distinct_subjects) AS distinct_subjects,
        MIN(subjects) AS subjects, MIN(subject_condition) AS subject_condition, MIN(subject_replay) AS subject_replay
    FROM entry_uses
    WHERE entry_id IS NOT NULL
    GROUP BY entry_id
),
facts AS (
    SELECT
        e.account AS account, e.role_arn AS resource, e.is_service_linked AS is_service_linked, e.is_permission_set AS is_permission_set,
        e.role_name AS role_name, e.privilege AS privilege, e.statement AS statement, e.entry_kind AS entry_kind, e.entry AS entry, e.conditions AS conditions,
        e.decided AS decided, e.proposal AS proposal, e.replay AS replay, u.callers AS callers, u.caller AS caller, u.calls AS calls,
        u.last_seen_ms AS last_seen_ms,
        CASE
            WHEN e.conditions LIKE '%aws:PrincipalArn = *%' THEN 0
            WHEN e.conditions LIKE '%aws:PrincipalArn = arn:aws:iam::____________:*%' THEN 0
            WHEN e.conditions LIKE '%StringEquals aws:PrincipalArn = %' THEN 1
            WHEN e.conditions LIKE '%StringEqualsIfExists aws:PrincipalArn = %' THEN 1
            WHEN e.conditions LIKE '%StringEqualsIgnoreCase aws:PrincipalArn = %' THEN 1
            WHEN e.conditions LIKE '%StringLike aws:PrincipalArn = %' THEN 1
            WHEN e.conditions LIKE '%StringLikeIfExists aws:PrincipalArn = %' THEN 1
            WHEN e.conditions LIKE '%ArnEquals aws:PrincipalArn = %' THEN 1
            WHEN e.conditions LIKE '%ArnEqualsIfExists aws:PrincipalArn = %' THEN 1
            WHEN e.conditions LIKE '%ArnLike aws:PrincipalArn = %' THEN 1
            WHEN e.conditions LIKE '%ArnLikeIfExists aws:PrincipalArn = %' THEN 1
            ELSE 0
        END AS names_callers,
        CASE WHEN c.complete AND e.role_created_ms <= p.window_start_ms THEN 1 ELSE 0 END AS decidable
    FROM trust_entries AS e
    LEFT JOIN uses AS u ON e.entry_id = u.entry_id
    LEFT JOIN coverage_summary AS c ON e.account = c.account
    CROSS JOIN params AS p
    WHERE e.entry_kind = 'account-root' OR e.entry_kind = 'untold'
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN entry_kind = 'untold' THEN 'UNKNOWN'
            WHEN names_callers = 1 THEN 'PASS'
            WHEN callers > 1 THEN 'PASS'
            WHEN decidable = 0 THEN 'UNKNOWN'
            WHEN callers IS NULL THEN 'NOT-APPLICABLE'
            ELSE 'FAIL'
        END AS status,
        CASE
            WHEN privilege = 'admin' OR privilege = 'privesc' THEN 'HIGH'
            ELSE 'MEDIUM'
        END AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN entry_kind = 'untold' THEN 'the export does not tell the trust policy of this role'
            WHEN names_callers = 1 THEN 'a condition names the callers'
            WHEN callers > 1 THEN 'several callers of the account come'
            WHEN decidable = 0 THEN 'the logs do not cover the window, or the role is younger than it'
            WHEN callers IS NULL THEN 'nobody came: see trust-never-used'
            WHEN caller NOT LIKE 'arn:%' THEN 'everybody in the account may be let in, one caller ever comes: ask its account for the name behind the id'
            ELSE 'everybody in the account may be let in, one caller ever comes: name it'
        END AS reason,
        role_name, privilege, statement, entry, callers, caller, calls, last_seen_ms, proposal, replay
    FROM facts
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'MEDIUM' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS role_name, n.no_text AS privilege, n.no_text AS statement, n.no_text AS entry, n.no_int AS callers,
        n.no_text AS caller, n.no_int AS calls, n.no_int AS last_seen_ms, n.no_text AS proposal, n.no_text AS replay
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete
)
SELECT
    account, resource, status, severity, reason, role_name, privilege, statement, entry, callers, caller, calls, last_seen_ms,
    proposal, replay
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry ASC NULLS LAST
