-- title: Inline policies
-- question: Which users, groups and roles have inline policies?
-- columns: account, resource, status, severity, reason, kind, name, inline_count, attached_count, principals_seen
-- Roles of services and of Identity Center are left out: their owner writes their policies.
WITH judged AS (
    SELECT
        account,
        arn,
        kind,
        name,
        inline_count,
        attached_count,
        CASE WHEN inline_count > 0 THEN 'inline' WHEN untold LIKE '%inline%' THEN 'untold' ELSE 'none' END AS verdict
    FROM principals
    WHERE NOT is_service_linked AND NOT is_permission_set
),
counted AS (
    SELECT
        account,
        CAST(COUNT(arn) AS BIGINT) AS principals_seen,
        CAST(SUM(CASE WHEN verdict = 'none' THEN 0 ELSE 1 END) AS BIGINT) AS open_principals
    FROM judged
    GROUP BY account
),
told AS (
    SELECT
        j.account AS account, j.arn AS resource, j.verdict AS verdict, j.kind AS kind, j.name AS name,
        j.inline_count AS inline_count, j.attached_count AS attached_count, n.no_int AS principals_seen
    FROM judged AS j
    CROSS JOIN nulls AS n
    WHERE j.verdict <> 'none'
    UNION ALL
    SELECT
        a.account AS account,
        a.account AS resource,
        CASE WHEN NOT a.has_authorization_details THEN 'not-given' WHEN NOT a.complete THEN 'cut' ELSE 'clean' END AS verdict,
        n.no_text AS kind,
        n.no_text AS name,
        n.no_int AS inline_count,
        n.no_int AS attached_count,
        c.principals_seen AS principals_seen
    FROM accounts AS a
    LEFT JOIN counted AS c ON a.account = c.account
    CROSS JOIN nulls AS n
    WHERE a.owned AND (c.open_principals IS NULL OR c.open_principals = 0 OR NOT a.complete)
)
SELECT
    account,
    resource,
    CASE WHEN verdict = 'inline' THEN 'FAIL' WHEN verdict = 'clean' THEN 'PASS' ELSE 'UNKNOWN' END AS status,
    'LOW' AS severity,
    CASE
        WHEN verdict = 'inline' THEN 'it has inline policies'
        WHEN verdict = 'untold' THEN 'the exports do not tell its inline policies'
        WHEN verdict = 'not-given' THEN 'no account authorization details of this account were given'
        WHEN verdict = 'cut' THEN 'the account authorization details are not whole'
        ELSE 'no user, group or role has inline policies'
    END AS reason,
    kind,
    name,
    inline_count,
    attached_count,
    principals_seen
FROM told
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
