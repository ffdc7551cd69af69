-- title: Service roles open to other accounts' resources
-- question: Which roles may a service take up on behalf of somebody else's resource?
-- columns: account, resource, status, severity, reason, role_name, privilege, statement, entry, deputy_source, deputy_condition, conditions, calls, last_seen_ms
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
        e.role_name AS role_name, e.privilege AS privilege, e.statement AS statement, e.entry_kind AS entry_kind, e.entry AS entry, e.deputy AS deputy,
        e.deputy_source AS deputy_source, e.deputy_condition AS deputy_condition, e.conditions AS conditions, u.calls AS calls,
        u.last_seen_ms AS last_seen_ms,
        CASE WHEN c.complete AND e.role_created_ms <= p.window_start_ms THEN 1 ELSE 0 END AS decidable
    FROM trust_entries AS e
    LEFT JOIN uses AS u ON e.entry_id = u.entry_id
    LEFT JOIN coverage_summary AS c ON e.account = c.account
    CROSS JOIN params AS p
    WHERE e.entry_kind = 'service' OR e.entry_kind = 'untold'
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN entry_kind = 'untold' THEN 'UNKNOWN'
            WHEN deputy = 'asked' AND deputy_source IS NULL AND calls IS NULL THEN 'UNKNOWN'
            WHEN deputy = 'asked' THEN 'PASS'
            WHEN deputy = 'advised' THEN 'FAIL'
            ELSE 'NOT-APPLICABLE'
        END AS status,
        CASE
            WHEN privilege = 'admin' OR privilege = 'privesc' THEN 'MEDIUM'
            ELSE 'LOW'
        END AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN entry_kind = 'untold' THEN 'the export does not tell the trust policy of this role'
            WHEN deputy = 'asked' AND deputy_source IS NULL AND calls IS NULL THEN 'the source is asked for, but the service is not in the table of those that are documented to send it: it may be kept out'
            WHEN deputy = 'asked' THEN 'the source of the call is asked for'
            WHEN deputy = 'advised' THEN 'the service is documented to send aws:SourceAccount: ask for it'
            ELSE 'not supported: the service is not in the table of those that are documented to send aws:SourceArn or aws:SourceAccount'
        END AS reason,
        role_name, privilege, statement, entry, deputy_source, deputy_condition, conditions, calls, last_seen_ms
    FROM facts
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'LOW' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS role_name, n.no_text AS privilege, n.no_text AS statement, n.no_text AS entry, n.no_text AS deputy_source,
        n.no_text AS deputy_condition, n.no_text AS conditions, n.no_int AS calls, n.no_int AS last_seen_ms
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete
)
SELECT
    account, resource, status, severity, reason, role_name, privilege, statement, entry, deputy_source, deputy_condition, conditions,
    calls, last_seen_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry ASC NULLS LAST
