-- title: External role assumptions
-- question: Who may enter through each trust entry, and who did?
-- columns: account, resource, status, severity, reason, role_name, statement, entry_kind, entry, source_class, source, calls, first_seen_ms, last_seen_ms, requires_external_id, external_id_calls, mfa_calls, subject, conditions
WITH entries AS (
    SELECT
        t.account AS account,
        t.role_arn AS role_arn,
        t.role_name AS role_name,
        t.role_created_ms AS role_created_ms,
        t.statement AS statement,
        t.entry_kind AS entry_kind,
        t.entry AS entry,
        t.requires_external_id AS requires_external_id,
        t.conditions AS conditions,
        t.oidc_subjects AS oidc_subjects,
        t.is_service_linked AS is_service_linked,
        t.is_permission_set AS is_permission_set,
        CASE
            WHEN t.entry_kind = 'account-root' THEN 'account:' || t.entry_account
            WHEN t.entry_kind = 'any' THEN 'any'
            ELSE 'source:' || t.entry
        END AS join_key,
        CASE
            WHEN t.entry_kind = 'service' THEN 'aws-service'
            WHEN t.entry_kind = 'saml' THEN 'saml'
            WHEN t.entry_kind = 'oidc' THEN 'oidc'
            WHEN t.entry_kind = 'any' THEN 'public'
            WHEN t.entry_kind = 'dangling-id' THEN 'dangling-id'
            WHEN t.entry_account = t.account THEN 'same-account'
            WHEN o.owned THEN 'same-organisation'
            WHEN v.label IS NOT NULL THEN 'known-vendor'
            ELSE 'unknown-external'
        END AS source_class
    FROM trusts AS t
    LEFT JOIN accounts AS o ON t.entry_account = o.account
    LEFT JOIN known_accounts AS v ON t.entry_account = v.account
    WHERE t.effect = 'Allow'
),
uses AS (
    SELECT role_arn, 'account:' || source_account AS join_key, source, calls, first_seen_ms, last_seen_ms, external_id_calls, mfa_calls, subject
    FROM assumptions
    WHERE source_account IS NOT NULL
    UNION ALL
    SELECT role_arn, 'source:' || source AS join_key, source, calls, first_seen_ms, last_seen_ms, external_id_calls, mfa_calls, subject
    FROM assumptions
    UNION ALL
    SELECT role_arn, 'any' AS join_key, source, calls, first_seen_ms, last_seen_ms, external_id_calls, mfa_calls, subject
    FROM assumptions
),
joined AS (
    SELECT
        e.account AS account,
        e.role_arn AS resource,
        e.role_name AS role_name,
        e.statement AS statement,
        e.entry_kind AS entry_kind,
        e.entry AS entry,
        e.source_class AS source_class,
        u.source AS source,
        u.calls AS calls,
        u.first_seen_ms AS first_seen_ms,
        u.last_seen_ms AS last_seen_ms,
        e.requires_external_id AS requires_external_id,
        u.external_id_calls AS external_id_calls,
        u.mfa_calls AS mfa_calls,
        u.subject AS subject,
        e.conditions AS conditions,
        e.oidc_subjects AS oidc_subjects,
        e.is_service_linked AS is_service_linked,
        e.is_permission_set AS is_permission_set,
        CASE WHEN c.complete AND e.role_created_ms <= p.window_start_ms THEN 1 ELSE 0 END AS decidable
    FROM entries AS e
    LEFT JOIN uses AS u ON e.role_arn = u.role_arn AND e.join_key = u.join_key
    LEFT JOIN coverage_summary AS c ON e.account = c.account
    CROSS JOIN params AS p
),
covered_uses AS (
    SELECT DISTINCT u.role_arn AS role_arn, u.source AS source
    FROM uses AS u
    JOIN entries AS e ON u.role_arn = e.role_arn AND u.join_key = e.join_key
),
orphans AS (
    SELECT s.role_arn AS role_arn, s.role_account AS role_account, s.source AS source, s.source_kind AS source_kind, s.calls AS calls,
        s.first_seen_ms AS first_seen_ms, s.last_seen_ms AS last_seen_ms, s.external_id_calls AS external_id_calls,
        s.mfa_calls AS mfa_calls, s.subject AS subject
    FROM assumptions AS s
    LEFT JOIN covered_uses AS k ON s.role_arn = k.role_arn AND s.source = k.source
    WHERE k.source IS NULL
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN source_class = 'dangling-id' THEN 'FAIL'
            WHEN source_class = 'public' THEN 'FAIL'
            WHEN source_class = 'unknown-external' AND NOT requires_external_id THEN 'FAIL'
            WHEN source_class = 'oidc' AND oidc_subjects IS NULL THEN 'FAIL'
            WHEN calls IS NOT NULL THEN 'PASS'
            WHEN source_class = 'same-account' OR source_class = 'aws-service' THEN 'PASS'
            WHEN decidable = 0 THEN 'UNKNOWN'
            ELSE 'FAIL'
        END AS status,
        CASE
            WHEN source_class = 'public' AND conditions IS NULL THEN 'CRITICAL'
            WHEN source_class = 'public' THEN 'HIGH'
            WHEN source_class = 'unknown-external' AND NOT requires_external_id THEN 'HIGH'
            WHEN source_class = 'oidc' AND oidc_subjects IS NULL THEN 'HIGH'
            WHEN source_class = 'dangling-id' THEN 'LOW'
            ELSE 'MEDIUM'
        END AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN source_class = 'dangling-id' THEN 'the trusted principal was deleted: remove the entry'
            WHEN source_class = 'public' AND conditions IS NULL THEN 'everybody may assume this role'
            WHEN source_class = 'public' THEN 'everybody is named: only the condition keeps strangers out'
            WHEN source_class = 'unknown-external' AND NOT requires_external_id THEN 'an outside account is trusted without an ExternalId'
            WHEN source_class = 'oidc' AND oidc_subjects IS NULL THEN 'a web identity provider is trusted without a subject'
            WHEN calls IS NOT NULL THEN 'used in the window'
            WHEN source_class = 'same-account' OR source_class = 'aws-service' THEN 'not used in the window; not external'
            WHEN decidable = 0 THEN 'not seen, but the logs do not cover the window or the role is younger'
            WHEN is_permission_set THEN 'never used in the window: remove the assignment of its permission set'
            ELSE 'never used in the window: remove the entry'
        END AS reason,
        role_name, statement, entry_kind, entry, source_class, source, calls, first_seen_ms, last_seen_ms,
        requires_external_id, external_id_calls, mfa_calls, subject, conditions
    FROM joined
    UNION ALL
    SELECT
        o.role_account AS account,
        o.role_arn AS resource,
        'UNKNOWN' AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN a.has_authorization_details THEN 'assumed, but no trust entry explains it: the trust policy has changed since'
            ELSE 'assumed; no trust policies of this account were given'
        END AS reason,
        n.no_text AS role_name,
        n.no_text AS statement,
        o.source_kind AS entry_kind,
        n.no_text AS entry,
        'no-entry' AS source_class,
        o.source AS source,
        o.calls AS calls,
        o.first_seen_ms AS first_seen_ms,
        o.last_seen_ms AS last_seen_ms,
        n.no_bool AS requires_external_id,
        o.external_id_calls AS external_id_calls,
        o.mfa_calls AS mfa_calls,
        o.subject AS subject,
        n.no_text AS conditions
    FROM orphans AS o
    LEFT JOIN accounts AS a ON o.role_account = a.account
    CROSS JOIN nulls AS n
)
SELECT account, resource, status, severity, reason, role_name, statement, entry_kind, entry, source_class, source, calls,
    first_seen_ms, last_seen_ms, requires_external_id, external_id_calls, mfa_calls, subject, conditions
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry ASC NULLS LAST, source ASC NULLS LAST, subject ASC NULLS LAST
