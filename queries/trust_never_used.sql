-- title: Trust entries that nobody uses
-- question: Through which principal entries of trust policies did nobody come?
-- columns: account, resource, status, severity, reason, role_name, privilege, statement, entry_kind, entry, entry_class, vendor, calls, last_seen_ms, proposal, replay
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
        e.role_name AS role_name, e.privilege AS privilege, e.statement AS statement, e.entry_kind AS entry_kind, e.entry AS entry,
        e.entry_class AS entry_class, e.vendor AS vendor, e.decided AS decided, e.decided_reason AS decided_reason,
        e.proposal AS proposal, e.replay AS replay, u.callers AS callers, u.calls AS calls, u.last_seen_ms AS last_seen_ms,
        CASE WHEN c.complete AND e.role_created_ms <= p.window_start_ms THEN 1 ELSE 0 END AS decidable
    FROM trust_entries AS e
    LEFT JOIN uses AS u ON e.entry_id = u.entry_id
    LEFT JOIN coverage_summary AS c ON e.account = c.account
    CROSS JOIN params AS p
    WHERE e.entry_kind <> 'dangling-id'
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN entry_kind = 'untold' THEN 'UNKNOWN'
            WHEN calls > 0 THEN 'PASS'
            WHEN decided = 'drop' THEN 'FAIL'
            WHEN decided = 'keep-listed' THEN 'PASS'
            WHEN decided IS NOT NULL THEN 'UNKNOWN'
            WHEN entry_kind = 'service' THEN 'UNKNOWN'
            WHEN decidable = 0 THEN 'UNKNOWN'
            ELSE 'FAIL'
        END AS status,
        CASE
            WHEN entry_class = 'same-account' OR entry_class = 'aws-service' THEN 'LOW'
            WHEN privilege = 'admin' OR privilege = 'privesc' THEN 'HIGH'
            ELSE 'MEDIUM'
        END AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN entry_kind = 'untold' THEN 'the export does not tell the trust policy of this role'
            WHEN calls > 0 THEN 'used in the window'
            WHEN decided = 'drop' AND is_permission_set THEN 'nobody came in by it in the window: remove the assignment of its permission set'
            WHEN decided = 'drop' AND proposal IS NULL THEN 'nobody came in by it in the window; the trust policy is left whole where nothing else would be left: see role-unused'
            WHEN decided = 'drop' THEN 'nobody came in by it in the window: remove the entry'
            WHEN decided IS NOT NULL THEN COALESCE(decided_reason, 'not seen')
            WHEN entry_kind = 'service' THEN 'services do not always log when they take up a role'
            WHEN decidable = 0 THEN 'the logs do not cover the window, or the role is younger than it'
            WHEN is_permission_set THEN 'nobody came in by it in the window: remove the assignment of its permission set'
            ELSE 'nobody came in by it in the window: remove the entry'
        END AS reason,
        role_name, privilege, statement, entry_kind, entry, entry_class, vendor, calls, last_seen_ms, proposal, replay
    FROM facts
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'MEDIUM' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS role_name, n.no_text AS privilege, n.no_text AS statement, n.no_text AS entry_kind, n.no_text AS entry,
        n.no_text AS entry_class, n.no_text AS vendor, n.no_int AS calls, n.no_int AS last_seen_ms, n.no_text AS proposal,
        n.no_text AS replay
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete
)
SELECT
    account, resource, status, severity, reason, role_name, privilege, statement, entry_kind, entry, entry_class, vendor, calls,
    last_seen_ms, proposal, replay
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry_kind ASC NULLS LAST, entry ASC NULLS LAST
