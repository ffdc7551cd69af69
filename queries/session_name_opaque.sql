-- title: Sessions that tell no person
-- question: In which roles that people use do session names and source identity not tell who it was?
-- columns: account, resource, status, severity, reason, told_by, session_names, person_names, calls, with_source_identity, last_seen_ms, roles_seen
-- People use a role when the configuration says so, when its trust names a SAML provider, or when sessions had MFA. Identity
-- Center names sessions after its users, so its roles are left out.
WITH people AS (
    SELECT value AS arn, 'configuration' AS told_by FROM listed WHERE list = 'human-roles'
    UNION ALL
    SELECT role_arn AS arn, 'trust' AS told_by FROM trusts WHERE entry_kind = 'saml' AND effect = 'Allow' AND NOT is_permission_set
    UNION ALL
    SELECT principal_arn AS arn, 'mfa' AS told_by FROM role_sessions WHERE mfa_calls > 0
),
human AS (
    SELECT arn, MIN(told_by) AS told_by
    FROM people
    WHERE NOT arn LIKE '%:role/aws-reserved/%'
    GROUP BY arn
),
judged AS (
    SELECT
        s.account AS account,
        s.principal_arn AS resource,
        CASE
            WHEN s.with_source_identity = s.calls THEN 'named'
            WHEN s.person_names = s.session_names AND s.session_names > 0 THEN 'named'
            WHEN s.person_names > 0 OR s.with_source_identity > 0 THEN 'partly'
            ELSE 'opaque'
        END AS verdict,
        h.told_by AS told_by,
        s.session_names AS session_names,
        s.person_names AS person_names,
        s.calls AS calls,
        s.with_source_identity AS with_source_identity,
        s.last_seen_ms AS last_seen_ms
    FROM role_sessions AS s
    JOIN human AS h ON s.principal_arn = h.arn
),
counted AS (
    SELECT account, CAST(COUNT(resource) AS BIGINT) AS roles_seen, CAST(SUM(CASE WHEN verdict = 'named' THEN 0 ELSE 1 END) AS BIGINT) AS open_roles
    FROM judged
    GROUP BY account
),
told AS (
    SELECT
        j.account AS account, j.resource AS resource, j.verdict AS verdict, j.told_by AS told_by, j.session_names AS session_names,
        j.person_names AS person_names, j.calls AS calls, j.with_source_identity AS with_source_identity, j.last_seen_ms AS last_seen_ms,
        n.no_int AS roles_seen
    FROM judged AS j
    CROSS JOIN nulls AS n
    WHERE j.verdict <> 'named'
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource,
        CASE WHEN c.complete IS NULL OR NOT c.complete THEN 'uncovered' WHEN k.roles_seen IS NULL THEN 'none' ELSE 'all-named' END AS verdict,
        n.no_text AS told_by, n.no_int AS session_names, n.no_int AS person_names, n.no_int AS calls, n.no_int AS with_source_identity,
        n.no_int AS last_seen_ms, k.roles_seen AS roles_seen
    FROM accounts AS a
    LEFT JOIN counted AS k ON a.account = k.account
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    CROSS JOIN nulls AS n
    WHERE a.owned AND (k.open_roles IS NULL OR k.open_roles = 0 OR c.complete IS NULL OR NOT c.complete)
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'opaque' OR verdict = 'partly' THEN 'FAIL'
        WHEN verdict = 'all-named' THEN 'PASS'
        WHEN verdict = 'none' THEN 'NOT-APPLICABLE'
        ELSE 'UNKNOWN'
    END AS status,
    CASE WHEN verdict = 'partly' THEN 'LOW' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN verdict = 'opaque' THEN 'people use the role, and neither session name nor source identity tells who'
        WHEN verdict = 'partly' THEN 'people use the role, and some sessions do not tell who'
        WHEN verdict = 'all-named' THEN 'every session of the roles that people use tells who it is'
        WHEN verdict = 'none' THEN 'no role is known to be used by people'
        ELSE 'the logs do not cover the window'
    END AS reason,
    told_by,
    session_names,
    person_names,
    calls,
    with_source_identity,
    last_seen_ms,
    roles_seen
FROM told
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
