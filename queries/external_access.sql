-- title: External role assumptions
-- question: Who may enter through each trust entry, and who did?
-- columns: account, resource, status, severity, reason, verdict, snippet, replay, confidence, account_name, ou_path, role_name, owner, privilege, statement, entry_kind, entry, entry_class, vendor, vendor_source, conditions, condition_flags, requires_external_id, platform, subjects_allowed, federation_flags, deputy, deputy_source, source_class, source_kind, source, source_account, sides, calls, first_seen_ms, last_seen_ms, active_days, median_gap_days, weeks, sessions, distinct_sessions, source_identity_calls, mfa, session_policy_calls, addresses, networks, origins, internal, regions, endpoints, agents, external_id_calls, distinct_external_ids, external_ids, external_id_roles, subjects, distinct_subjects, chain_depth, is_chain_whole, chain, chain_first
WITH joined AS (
    SELECT
        e.account AS account,
        e.role_arn AS resource,
        e.role_name AS role_name, e.owner AS owner, e.privilege AS privilege, e.statement AS statement,
        e.entry_kind AS entry_kind, e.entry AS entry, e.entry_class AS entry_class, e.vendor AS vendor,
        e.vendor_source AS vendor_source, e.conditions AS conditions, e.condition_flags AS condition_flags,
        e.requires_external_id AS requires_external_id, e.platform AS platform, e.subjects_allowed AS subjects_allowed,
        e.federation_flags AS federation_flags, e.deputy AS deputy, e.deputy_source AS deputy_source,
        e.is_dead AS is_dead, e.is_without_subject AS is_without_subject, e.is_wide_subject AS is_wide_subject,
        e.takes_pull_requests AS takes_pull_requests, e.is_without_audience AS is_without_audience, e.deputy_condition AS deputy_condition,
        e.is_service_linked AS is_service_linked, e.is_permission_set AS is_permission_set, e.decided AS decided, e.decided_reason AS decided_reason,
        e.proposal AS proposal, e.replay AS proposal_replay, e.organisation_condition AS organisation_condition,
        COALESCE(u.source_class, e.entry_class) AS source_class,
        u.external_id_replay AS external_id_replay, u.subject_condition AS subject_condition, u.subject_replay AS subject_replay,
        u.source_kind AS source_kind, u.source AS source, u.source_account AS source_account, u.sides AS sides,
        u.calls AS calls, u.first_seen_ms AS first_seen_ms, u.last_seen_ms AS last_seen_ms, u.active_days AS active_days,
        u.median_gap_days AS median_gap_days, u.weeks AS weeks, u.sessions AS sessions,
        u.distinct_sessions AS distinct_sessions, u.source_identity_calls AS source_identity_calls, u.mfa AS mfa,
        u.session_policy_calls AS session_policy_calls, u.addresses AS addresses, u.networks AS networks, u.origins AS origins,
        u.internal AS internal, u.regions AS regions, u.endpoints AS endpoints, u.agents AS agents,
        u.external_id_calls AS external_id_calls, u.distinct_external_ids AS distinct_external_ids,
        u.external_ids AS external_ids, u.external_id_roles AS external_id_roles, u.subjects AS subjects,
        u.distinct_subjects AS distinct_subjects, u.chain_depth AS chain_depth, u.is_chain_whole AS is_chain_whole,
        u.chain AS chain, u.chain_first AS chain_first,
        CASE
            WHEN e.entry_class = 'known-vendor' AND NOT e.requires_external_id THEN 1
            WHEN e.entry_class = 'unknown-external' AND NOT e.requires_external_id THEN 1
            ELSE 0
        END AS lacks_external_id,
        CASE WHEN c.complete AND e.role_created_ms <= p.window_start_ms THEN 1 ELSE 0 END AS decidable
    FROM trust_entries AS e
    LEFT JOIN entry_uses AS u ON e.entry_id = u.entry_id
    LEFT JOIN coverage_summary AS c ON e.account = c.account
    CROSS JOIN params AS p
),
cases AS (
    SELECT
        CASE
            WHEN is_service_linked THEN 'service-linked'
            WHEN entry_kind = 'untold' THEN 'untold'
            WHEN entry_class = 'dangling' THEN 'dangling'
            WHEN entry_class = 'public' AND conditions IS NULL THEN 'public-open'
            WHEN entry_class = 'public' THEN 'public-conditions'
            WHEN lacks_external_id = 1 THEN 'no-external-id'
            WHEN is_without_subject THEN 'no-subject'
            WHEN is_wide_subject THEN 'wide-subject'
            WHEN takes_pull_requests THEN 'pull-requests'
            WHEN entry_kind = 'oidc' AND is_without_audience THEN 'no-audience'
            WHEN entry_kind = 'saml' AND is_without_audience THEN 'no-saml-audience'
            WHEN calls IS NULL AND is_dead THEN 'dead'
            WHEN calls IS NOT NULL THEN 'used'
            WHEN entry_class = 'same-account' OR entry_class = 'aws-service' THEN 'idle-inside'
            WHEN decided = 'drop' THEN 'idle'
            WHEN decided IS NOT NULL THEN 'idle-kept'
            WHEN decidable = 0 THEN 'not-covered'
            ELSE 'idle'
        END AS kase,
        account, resource, role_name, owner, privilege, statement, entry_kind, entry, entry_class, vendor, vendor_source,
        conditions, condition_flags, requires_external_id, platform, subjects_allowed, federation_flags, deputy, deputy_source,
        source_class, source_kind, source, source_account, sides, calls, first_seen_ms, last_seen_ms, active_days,
        median_gap_days, weeks, sessions, distinct_sessions, source_identity_calls, mfa, session_policy_calls, addresses,
        networks, origins, internal, regions, endpoints, agents, external_id_calls, distinct_external_ids, external_ids,
        external_id_roles, subjects, distinct_subjects, chain_depth, is_chain_whole, chain, chain_first,
        is_permission_set, decided, decided_reason, proposal, proposal_replay, organisation_condition, deputy_condition,
        external_id_replay, subject_condition, subject_replay, decidable
    FROM joined
),
told AS (
    SELECT
        kase,
        CASE
            WHEN kase = 'service-linked' THEN 'keep'
            WHEN is_permission_set AND kase <> 'used' THEN 'fix-at-permission-set'
            WHEN kase = 'untold' OR kase = 'not-covered' OR kase = 'idle-kept' THEN 'keep'
            WHEN kase = 'dangling' OR kase = 'dead' OR kase = 'idle' THEN 'remove-entry'
            WHEN calls IS NULL AND decided = 'drop' THEN 'remove-entry'
            WHEN kase = 'public-open' OR kase = 'public-conditions' THEN 'name-principals'
            WHEN kase = 'no-external-id' THEN 'add-external-id'
            WHEN kase = 'no-subject' OR kase = 'wide-subject' OR kase = 'pull-requests' THEN 'pin-subject'
            WHEN kase = 'no-audience' OR kase = 'no-saml-audience' THEN 'add-audience'
            WHEN decided = 'drop' THEN 'remove-entry'
            WHEN decided = 'narrow' THEN 'narrow-to-seen'
            WHEN deputy = 'advised' THEN 'add-source-account'
            ELSE 'keep'
        END AS verdict,
        account, resource, role_name, owner, privilege, statement, entry_kind, entry, entry_class, vendor, vendor_source,
        conditions, condition_flags, requires_external_id, platform, subjects_allowed, federation_flags, deputy, deputy_source,
        source_class, source_kind, source, source_account, sides, calls, first_seen_ms, last_seen_ms, active_days,
        median_gap_days, weeks, sessions, distinct_sessions, source_identity_calls, mfa, session_policy_calls, addresses,
        networks, origins, internal, regions, endpoints, agents, external_id_calls, distinct_external_ids, external_ids,
        external_id_roles, subjects, distinct_subjects, chain_depth, is_chain_whole, chain, chain_first,
        is_permission_set, decided_reason, proposal, proposal_replay, organisation_condition, deputy_condition,
        external_id_replay, subject_condition, subject_replay, decidable
    FROM cases
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN kase = 'service-linked' THEN 'NOT-APPLICABLE'
            WHEN kase = 'untold' OR kase = 'not-covered' OR kase = 'idle-kept' THEN 'UNKNOWN'
            WHEN kase = 'used' OR kase = 'idle-inside' THEN 'PASS'
            ELSE 'FAIL'
        END AS status,
        CASE
            WHEN kase = 'public-open' THEN 'CRITICAL'
            WHEN kase = 'public-conditions' OR kase = 'no-external-id' OR kase = 'no-subject' OR kase = 'wide-subject' THEN 'HIGH'
            WHEN kase = 'dangling' OR kase = 'dead' OR kase = 'no-saml-audience' THEN 'LOW'
            ELSE 'MEDIUM'
        END AS severity,
        CASE
            WHEN kase = 'service-linked' THEN 'a service owns this role'
            WHEN kase = 'untold' THEN 'the export does not tell the trust policy of this role'
            WHEN kase = 'dangling' THEN 'the trusted principal was deleted: remove the entry'
            WHEN kase = 'public-open' THEN 'everybody may assume this role'
            WHEN kase = 'public-conditions' THEN 'everybody is named: only the condition keeps strangers out'
            WHEN kase = 'no-external-id' AND external_id_calls > 0 THEN 'an outside account is trusted without an ExternalId, and sends one already: ask for it'
            WHEN kase = 'no-external-id' AND entry_class = 'known-vendor' THEN 'a vendor is trusted without an ExternalId: ask the vendor for one'
            WHEN kase = 'no-external-id' THEN 'an outside account is trusted without an ExternalId'
            WHEN kase = 'no-subject' THEN 'a web identity provider is trusted without a subject'
            WHEN kase = 'wide-subject' THEN 'the subjects of a web identity provider take in more than one repository, project or workload'
            WHEN kase = 'pull-requests' THEN 'workflows of pull requests may assume this role'
            WHEN kase = 'no-audience' THEN 'a web identity provider is trusted for any audience'
            WHEN kase = 'no-saml-audience' THEN 'a SAML provider is trusted for any audience'
            WHEN kase = 'dead' THEN 'a condition never holds: nobody can come in by this entry'
            WHEN kase = 'used' THEN 'used in the window'
            WHEN kase = 'idle-inside' AND decidable = 0 THEN 'not external; the logs do not cover the window or the role is younger'
            WHEN kase = 'idle-inside' THEN 'not used in the window; not external'
            WHEN kase = 'idle-kept' THEN COALESCE(decided_reason, 'not seen')
            WHEN kase = 'not-covered' THEN 'not seen, but the logs do not cover the window or the role is younger'
            WHEN is_permission_set THEN 'never used in the window: remove the assignment of its permission set'
            ELSE 'never used in the window: remove the entry'
        END AS reason,
        verdict,
        CASE
            WHEN verdict = 'remove-entry' OR verdict = 'narrow-to-seen' THEN proposal
            WHEN verdict = 'pin-subject' THEN subject_condition
            WHEN verdict = 'add-external-id' THEN '{"StringEquals":{"sts:ExternalId":"<the value that was agreed on>"}}'
            WHEN verdict = 'add-source-account' THEN deputy_condition
            WHEN verdict = 'name-principals' THEN organisation_condition
        END AS snippet,
        CASE
            WHEN verdict = 'remove-entry' OR verdict = 'narrow-to-seen' THEN proposal_replay
            WHEN verdict = 'pin-subject' THEN subject_replay
            WHEN verdict = 'add-external-id' THEN external_id_replay
            WHEN verdict = 'add-source-account' THEN 'not replayed: the log does not tell aws:SourceAccount'
        END AS replay,
        CASE
            WHEN calls IS NULL AND decidable = 0 THEN 'low'
            WHEN sides = 'owner' THEN 'medium'
            ELSE 'high'
        END AS confidence,
        role_name, owner, privilege, statement, entry_kind, entry, entry_class, vendor, vendor_source, conditions,
        condition_flags, requires_external_id, platform, subjects_allowed, federation_flags, deputy, deputy_source,
        source_class, source_kind, source, source_account, sides, calls, first_seen_ms, last_seen_ms, active_days,
        median_gap_days, weeks, sessions, distinct_sessions, source_identity_calls, mfa, session_policy_calls, addresses,
        networks, origins, internal, regions, endpoints, agents, external_id_calls, distinct_external_ids, external_ids,
        external_id_roles, subjects, distinct_subjects, chain_depth, is_chain_whole, chain, chain_first
    FROM told
    UNION ALL
    SELECT
        o.role_account AS account,
        o.role_arn AS resource,
        'UNKNOWN' AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN a.has_authorization_details AND NOT o.is_role_known THEN 'assumed, but the export has no such role: it was deleted since, or made after the export'
            WHEN a.has_authorization_details THEN 'assumed, but no trust entry explains it: the trust policy has changed since'
            ELSE 'assumed; no trust policies of this account were given'
        END AS reason,
        'keep' AS verdict,
        n.no_text AS snippet,
        n.no_text AS replay,
        'low' AS confidence,
        n.no_text AS role_name, n.no_text AS owner, n.no_text AS privilege, n.no_text AS statement, n.no_text AS entry_kind,
        n.no_text AS entry, 'no-entry' AS entry_class, n.no_text AS vendor, n.no_text AS vendor_source,
        n.no_text AS conditions, n.no_text AS condition_flags, n.no_bool AS requires_external_id, n.no_text AS platform,
        n.no_text AS subjects_allowed, n.no_text AS federation_flags, n.no_text AS deputy, n.no_text AS deputy_source,
        o.source_class AS source_class,
        o.source_kind AS source_kind, o.source AS source, o.source_account AS source_account, o.sides AS sides,
        o.calls AS calls, o.first_seen_ms AS first_seen_ms, o.last_seen_ms AS last_seen_ms, o.active_days AS active_days,
        o.median_gap_days AS median_gap_days, o.weeks AS weeks, o.sessions AS sessions,
        o.distinct_sessions AS distinct_sessions, o.source_identity_calls AS source_identity_calls, o.mfa AS mfa,
        o.session_policy_calls AS session_policy_calls, o.addresses AS addresses, o.networks AS networks, o.origins AS origins,
        o.internal AS internal, o.regions AS regions, o.endpoints AS endpoints, o.agents AS agents,
        o.external_id_calls AS external_id_calls, o.distinct_external_ids AS distinct_external_ids,
        o.external_ids AS external_ids, o.external_id_roles AS external_id_roles, o.subjects AS subjects,
        o.distinct_subjects AS distinct_subjects, o.chain_depth AS chain_depth, o.is_chain_whole AS is_chain_whole,
        o.chain AS chain, o.chain_first AS chain_first
    FROM entry_uses AS o
    LEFT JOIN accounts AS a ON o.role_account = a.account
    CROSS JOIN nulls AS n
    WHERE o.entry_id IS NULL
)
SELECT
    j.account AS account, j.resource AS resource, j.status AS status, j.severity AS severity, j.reason AS reason,
    j.verdict AS verdict, j.snippet AS snippet, j.replay AS replay, j.confidence AS confidence, a.name AS account_name,
    a.ou_path AS ou_path, j.role_name AS role_name, j.owner AS owner, j.privilege AS privilege, j.statement AS statement,
    j.entry_kind AS entry_kind, j.entry AS entry, j.entry_class AS entry_class, j.vendor AS vendor,
    j.vendor_source AS vendor_source, j.conditions AS conditions, j.condition_flags AS condition_flags,
    j.requires_external_id AS requires_external_id, j.platform AS platform, j.subjects_allowed AS subjects_allowed,
    j.federation_flags AS federation_flags, j.deputy AS deputy, j.deputy_source AS deputy_source,
    j.source_class AS source_class, j.source_kind AS source_kind, j.source AS source, j.source_account AS source_account,
    j.sides AS sides, j.calls AS calls, j.first_seen_ms AS first_seen_ms, j.last_seen_ms AS last_seen_ms,
    j.active_days AS active_days, j.median_gap_days AS median_gap_days, j.weeks AS weeks, j.sessions AS sessions,
    j.distinct_sessions AS distinct_sessions, j.source_identity_calls AS source_identity_calls, j.mfa AS mfa,
    j.session_policy_calls AS session_policy_calls, j.addresses AS addresses, j.networks AS networks, j.origins AS origins,
    j.internal AS internal, j.regions AS regions, j.endpoints AS endpoints, j.agents AS agents,
    j.external_id_calls AS external_id_calls, j.distinct_external_ids AS distinct_external_ids,
    j.external_ids AS external_ids, j.external_id_roles AS external_id_roles, j.subjects AS subjects,
    j.distinct_subjects AS distinct_subjects, j.chain_depth AS chain_depth, j.is_chain_whole AS is_chain_whole,
    j.chain AS chain, j.chain_first AS chain_first
FROM judged AS j
LEFT JOIN accounts AS a ON j.account = a.account
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry ASC NULLS LAST, source_kind ASC NULLS LAST, source ASC NULLS LAST
