-- title: Empty groups
-- question: Which groups have no members?
-- columns: account, resource, status, severity, reason, group_name, attached_count, inline_count, groups_seen
WITH judged AS (
    SELECT
        account,
        arn,
        name,
        attached_count,
        inline_count,
        CASE WHEN members = 0 THEN 'empty' WHEN members IS NULL THEN 'untold' ELSE 'used' END AS verdict
    FROM principals
    WHERE kind = 'group'
),
counted AS (
    SELECT
        account,
        CAST(COUNT(arn) AS BIGINT) AS groups_seen,
        CAST(SUM(CASE WHEN verdict = 'used' THEN 0 ELSE 1 END) AS BIGINT) AS open_groups
    FROM judged
    GROUP BY account
),
told AS (
    SELECT
        j.account AS account, j.arn AS resource, j.verdict AS verdict, j.name AS group_name,
        j.attached_count AS attached_count, j.inline_count AS inline_count, n.no_int AS groups_seen
    FROM judged AS j
    CROSS JOIN nulls AS n
    WHERE j.verdict <> 'used'
    UNION ALL
    SELECT
        a.account AS account,
        a.account AS resource,
        CASE WHEN NOT a.has_authorization_details THEN 'not-given' WHEN NOT a.complete THEN 'cut' ELSE 'all-used' END AS verdict,
        n.no_text AS group_name,
        n.no_int AS attached_count,
        n.no_int AS inline_count,
        c.groups_seen AS groups_seen
    FROM accounts AS a
    LEFT JOIN counted AS c ON a.account = c.account
    CROSS JOIN nulls AS n
    WHERE a.owned AND (c.open_groups IS NULL OR c.open_groups = 0 OR NOT a.complete)
)
SELECT
    account,
    resource,
    CASE WHEN verdict = 'empty' THEN 'FAIL' WHEN verdict = 'all-used' THEN 'PASS' ELSE 'UNKNOWN' END AS status,
    'LOW' AS severity,
    CASE
        WHEN verdict = 'empty' AND (attached_count > 0 OR inline_count > 0) THEN 'the group has no members, and its policies wait for the next one'
        WHEN verdict = 'empty' THEN 'the group has no members and no policies'
        WHEN verdict = 'untold' THEN 'the exports do not tell who is in the group'
        WHEN verdict = 'not-given' THEN 'no account authorization details of this account were given'
        WHEN verdict = 'cut' THEN 'the account authorization details are not whole'
        ELSE 'every group has members'
    END AS reason,
    group_name,
    attached_count,
    inline_count,
    groups_seen
FROM told
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
