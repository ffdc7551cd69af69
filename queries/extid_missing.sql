-- title: Third parties without ExternalId
-- question: Which outside accounts are trusted without an ExternalId?
-- columns: account, resource, status, severity, reason, role_name, privilege, statement, entry_kind, entry, entry_class, vendor, conditions, requires_external_id, calls, external_id_calls, last_seen_ms
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
        e.entry_class AS entry_class, e.vendor AS vendor, e.conditions AS conditions, e.requires_external_id AS requires_external_id,
        u.calls AS calls, u.external_id_calls AS external_id_calls, u.last_seen_ms AS last_seen_ms,
        CASE WHEN c.complete AND e.role_created_ms <= p.window_start_ms THEN 1 ELSE 0 END AS decidable
    FROM trust_entries AS e
    LEFT JOIN uses AS u ON e.entry_id = u.entry_id
    LEFT JOIN coverage_summary AS c ON e.account = c.account
    CROSS JOIN params AS p
    WHERE e.entry_class = 'known-vendor' OR e.entry_class = 'unknown-external' OR e.entry_kind = 'untold'
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN entry_kind = 'untold' THEN 'UNKNOWN'
            WHEN entry_kind = 'saml' OR entry_kind = 'oidc' THEN 'NOT-APPLICABLE'
            WHEN requires_external_id THEN 'PASS'
            ELSE 'FAIL'
        END AS status,
        'HIGH' AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN entry_kind = 'untold' THEN 'the export does not tell the trust policy of this role'
            WHEN entry_kind = 'saml' OR entry_kind = 'oidc' THEN 'federated sign-ins send no ExternalId'
            WHEN requires_external_id THEN 'an ExternalId is asked for'
            WHEN entry_class = 'known-vendor' AND external_id_calls IS NULL THEN 'a vendor is trusted without an ExternalId: ask the vendor for one'
            WHEN external_id_calls > 0 THEN 'an outside account is trusted without an ExternalId although it sends one'
            ELSE 'an outside account is trusted without an ExternalId'
        END AS reason,
        role_name, privilege, statement, entry_kind, entry, entry_class, vendor, conditions, requires_external_id, calls,
        external_id_calls, last_seen_ms
    FROM facts
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'HIGH' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS role_name, n.no_text AS privilege, n.no_text AS statement, n.no_text AS entry_kind, n.no_text AS entry,
        n.no_text AS entry_class, n.no_text AS vendor, n.no_text AS conditions, n.no_bool AS requires_external_id, n.no_int AS calls,
        n.no_int AS external_id_calls, n.no_int AS last_seen_ms
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete
)
SELECT
    account, resource, status, severity, reason, role_name, privilege, statement, entry_kind, entry, entry_class, vendor, conditions,
    requires_external_id, calls, external_id_calls, last_seen_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry_kind ASC NULLS LAST, entry ASC NULLS LAST
