-- title: Web identities with wide subjects
-- question: Which roles let in more repositories, projects or workloads than come?
-- columns: account, resource, status, severity, reason, role_name, privilege, statement, entry, platform, subjects_allowed, subject_width, federation_flags, subjects, distinct_subjects, subject_condition, subject_replay
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
        e.role_name AS role_name, e.privilege AS privilege, e.statement AS statement, e.entry_kind AS entry_kind, e.entry AS entry, e.platform AS platform,
        e.subjects_allowed AS subjects_allowed, e.subject_width AS subject_width, e.federation_flags AS federation_flags,
        e.is_without_subject AS is_without_subject, e.is_wide_subject AS is_wide_subject, e.takes_pull_requests AS takes_pull_requests,
        e.is_without_audience AS is_without_audience, u.subjects AS subjects, u.distinct_subjects AS distinct_subjects,
        u.subject_condition AS subject_condition, u.subject_replay AS subject_replay,
        CASE WHEN c.complete AND e.role_created_ms <= p.window_start_ms THEN 1 ELSE 0 END AS decidable
    FROM trust_entries AS e
    LEFT JOIN uses AS u ON e.entry_id = u.entry_id
    LEFT JOIN coverage_summary AS c ON e.account = c.account
    CROSS JOIN params AS p
    WHERE e.entry_kind = 'oidc' OR e.entry_kind = 'untold'
),
judged AS (
    SELECT
        account, resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN entry_kind = 'untold' THEN 'UNKNOWN'
            WHEN is_without_subject THEN 'NOT-APPLICABLE'
            WHEN is_wide_subject OR takes_pull_requests OR is_without_audience THEN 'FAIL'
            WHEN subject_width = 'inside' AND subject_condition IS NOT NULL THEN 'FAIL'
            WHEN subject_width = 'inside' AND decidable = 0 THEN 'UNKNOWN'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN is_wide_subject THEN 'HIGH'
            WHEN takes_pull_requests OR is_without_audience THEN 'MEDIUM'
            ELSE 'LOW'
        END AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN entry_kind = 'untold' THEN 'the export does not tell the trust policy of this role'
            WHEN is_without_subject THEN 'no subject is asked for: see oidc-no-sub'
            WHEN is_wide_subject THEN 'a wildcard takes in more than one repository, project or workload'
            WHEN takes_pull_requests THEN 'workflows of pull requests may come in, which strangers can open'
            WHEN is_without_audience THEN 'no audience is asked for: tokens that were meant for others may come in'
            WHEN subject_width = 'inside' AND subject_condition IS NOT NULL THEN 'a wildcard takes in more subjects than come: list those that were seen'
            WHEN subject_width = 'inside' AND decidable = 0 THEN 'a wildcard, and the logs do not cover the window, or the role is younger than it'
            WHEN subject_width = 'inside' THEN 'a wildcard within one repository, project or workload'
            WHEN subject_width IS NULL OR subject_width = 'everything' THEN 'the identity pool is asked for: each identity is a subject of its own'
            ELSE 'the subjects are listed'
        END AS reason,
        role_name, privilege, statement, entry, platform, subjects_allowed, subject_width, federation_flags, subjects, distinct_subjects,
        subject_condition, subject_replay
    FROM facts
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'MEDIUM' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS role_name, n.no_text AS privilege, n.no_text AS statement, n.no_text AS entry, n.no_text AS platform,
        n.no_text AS subjects_allowed, n.no_text AS subject_width, n.no_text AS federation_flags, n.no_text AS subjects,
        n.no_int AS distinct_subjects, n.no_text AS subject_condition, n.no_text AS subject_replay
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete
)
SELECT
    account, resource, status, severity, reason, role_name, privilege, statement, entry, platform, subjects_allowed, subject_width,
    federation_flags, subjects, distinct_subjects, subject_condition, subject_replay
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, statement ASC NULLS LAST, entry ASC NULLS LAST
