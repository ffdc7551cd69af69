-- title: Roles that outsiders may take up
-- question: Which roles can be taken up from outside the organisation?
-- columns: account, resource, status, severity, reason, role_name, owner, privilege, statement, entry_kind, entry, entry_class, vendor, conditions, calls, last_seen_ms
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
        e.role_name AS role_name, e.owner AS owner, e.privilege AS privilege, e.statement AS statement, e.entry_kind AS entry_kind,
        e.entry AS entry, e.entry_class AS entry_class, e.vendor AS vendor, e.vendor_source AS vendor_source, e.conditions AS conditions,
        e.requires_external_id AS requires_external_id, e.is_without_subject AS is_without_subject, e.is_wide_subject AS is_wide_subject,
        u.calls AS calls, u.last_seen_ms AS last_seen_ms,
        CASE WHEN c.complete AND e.role_created_ms <= p.window_start_ms THEN 1 ELSE 0 END AS decidable
    FROM trust_entries AS e
    LEFT JOIN uses AS u ON e.entry_id = u.entry_id
    LEFT JOIN coverage_summary AS c ON e.account = c.account
    CROSS JOIN params AS p
    WHERE e.entry_kind <> 'service' AND e.entry_kind <> 'dangling-id'
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN entry_kind = 'untold' OR entry_class = 'unknown' THEN 'UNKNOWN'
            WHEN entry_class = 'public' OR entry_class = 'unknown-external' OR entry_class = 'aws-owned' THEN 'FAIL'
            WHEN entry_class = 'known-vendor' AND vendor_source = 'configuration' AND requires_external_id THEN 'PASS'
            WHEN entry_class = 'known-vendor' THEN 'FAIL'
            WHEN is_without_subject OR is_wide_subject THEN 'FAIL'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN entry_class = 'public' AND conditions IS NULL THEN 'CRITICAL'
            WHEN entry_class = 'public' OR is_without_subject THEN 'HIGH'
            WHEN entry_class = 'aws-owned' THEN 'LOW'
            WHEN privilege = 'admin' OR privilege = 'privesc' THEN 'HIGH'
            ELSE 'MEDIUM'
        END AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN entry_kind = 'untold' THEN 'the export does not tell the trust policy of this role'
            WHEN entry_class = 'unknown' THEN 'whom the entry names is not understood'
            WHEN entry_class = 'public' AND conditions IS NULL THEN 'everybody may take up this role'
            WHEN entry_class = 'public' THEN 'everybody is named: only the condition keeps strangers out'
            WHEN entry_class = 'unknown-external' THEN 'an outside account that nothing names may take up this role'
            WHEN entry_class = 'aws-owned' THEN 'an account that a list calls that of AWS itself may take up this role'
            WHEN entry_class = 'known-vendor' AND vendor_source = 'configuration' AND requires_external_id THEN 'a vendor of the configuration, tied by an ExternalId'
            WHEN entry_class = 'known-vendor' THEN 'a vendor may take up this role: is it yours, and tied by an ExternalId?'
            WHEN is_without_subject THEN 'everybody with a token of the provider may take up this role'
            WHEN is_wide_subject THEN 'more than one repository, project or workload of the provider may take up this role'
            WHEN entry_kind = 'saml' OR entry_kind = 'oidc' THEN 'by a provider of identities that the account chose'
            WHEN entry_kind = 'any' THEN 'everybody of our own organisation'
            WHEN entry_class = 'same-account' THEN 'the account itself'
            ELSE 'our own account'
        END AS reason,
        role_name, owner, privilege, statement, entry_kind, entry, entry_class, vendor, conditions, calls, last_seen_ms
    FROM facts
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'HIGH' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS role_name, n.no_text AS owner, n.no_text AS privilege, n.no_text AS statement, n.no_text AS entry_kind,
        n.no_text AS entry, n.no_text AS entry_class, n.no_text AS vendor, n.no_text AS conditions, n.no_int AS calls,
        n.no_int AS last_seen_ms
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete
)
SELECT
    account, resource, status, severity, reason, role_name, owner, privilege, statement, entry_kind, entry, entry_class, vendor,
    conditions, calls, last_seen_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry_kind ASC NULLS LAST, entry ASC NULLS LAST
