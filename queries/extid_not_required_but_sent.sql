-- title: ExternalIds that are sent and not asked for
-- question: Who sends an ExternalId that the trust policy does not ask for?
-- columns: account, resource, status, severity, reason, role_name, privilege, statement, entry_kind, entry, entry_class, vendor, requires_external_id, calls, external_id_calls, external_id_roles, external_id_replay, last_seen_ms
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
        e.entry_class AS entry_class, e.vendor AS vendor, e.requires_external_id AS requires_external_id, u.calls AS calls,
        u.external_id_calls AS external_id_calls, u.external_id_roles AS external_id_roles, u.external_id_replay AS external_id_replay,
        u.last_seen_ms AS last_seen_ms,
        CASE WHEN c.complete AND e.role_created_ms <= p.window_start_ms THEN 1 ELSE 0 END AS decidable
    FROM trust_entries AS e
    LEFT JOIN uses AS u ON e.entry_id = u.entry_id
    LEFT JOIN coverage_summary AS c ON e.account = c.account
    CROSS JOIN params AS p
    WHERE e.entry_class <> 'same-account' AND (e.entry_kind = 'untold' OR e.entry_kind = 'account-root' OR e.entry_kind = 'role' OR e.entry_kind = 'user' OR e.entry_kind = 'session' OR e.entry_kind = 'any')
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN entry_kind = 'untold' THEN 'UNKNOWN'
            WHEN requires_external_id THEN 'PASS'
            WHEN external_id_calls > 0 THEN 'FAIL'
            WHEN decidable = 0 THEN 'UNKNOWN'
            ELSE 'NOT-APPLICABLE'
        END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN entry_kind = 'untold' THEN 'the export does not tell the trust policy of this role'
            WHEN requires_external_id THEN 'an ExternalId is asked for'
            WHEN external_id_calls > 0 AND external_id_calls < calls THEN 'some calls send an ExternalId that is not asked for: find out why the others do not'
            WHEN external_id_calls > 0 AND decidable = 0 THEN 'every call that was seen sends an ExternalId that is not asked for, but not all were seen'
            WHEN external_id_calls > 0 THEN 'every call sends an ExternalId that is not asked for: ask for it, nobody is shut out'
            WHEN decidable = 0 THEN 'the logs do not cover the window, or the role is younger than it'
            WHEN calls > 0 THEN 'none is sent'
            ELSE 'nobody came'
        END AS reason,
        role_name, privilege, statement, entry_kind, entry, entry_class, vendor, requires_external_id, calls, external_id_calls,
        external_id_roles, external_id_replay, last_seen_ms
    FROM facts
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'MEDIUM' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS role_name, n.no_text AS privilege, n.no_text AS statement, n.no_text AS entry_kind, n.no_text AS entry,
        n.no_text AS entry_class, n.no_text AS vendor, n.no_bool AS requires_external_id, n.no_int AS calls,
        n.no_int AS external_id_calls, n.no_int AS external_id_roles, n.no_text AS external_id_replay, n.no_int AS last_seen_ms
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete
)
SELECT
    account, resource, status, severity, reason, role_name, privilege, statement, entry_kind, entry, entry_class, vendor,
    requires_external_id, calls, external_id_calls, external_id_roles, external_id_replay, last_seen_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry_kind ASC NULLS LAST, entry ASC NULLS LAST
