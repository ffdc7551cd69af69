-- title: Unused secrets
-- question: Which secrets did nobody read for longer than the limit?
-- columns: account, resource, status, severity, reason, region, reads, readers, last_read_ms, created_ms, rotated_ms
-- A request may name a secret without the seven characters that end its ARN.
WITH secrets AS (
    SELECT
        account,
        region,
        thing AS resource,
        SUBSTR(thing, 1, LENGTH(thing) - 7) AS bare,
        state,
        detail,
        created_ms,
        until_ms AS rotated_ms
    FROM inventory
    WHERE kind = 'secret'
),
counts AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS secrets
    FROM secrets
    GROUP BY account
),
reading AS (
    SELECT s.resource AS resource, u.reads AS reads, u.readers AS readers, u.last_read_ms AS last_read_ms
    FROM secrets AS s
    JOIN secret_use AS u ON s.resource = u.secret_arn
    UNION ALL
    SELECT s.resource AS resource, u.reads AS reads, u.readers AS readers, u.last_read_ms AS last_read_ms
    FROM secrets AS s
    JOIN secret_use AS u ON s.bare = u.secret_arn
),
used AS (
    SELECT resource, CAST(SUM(reads) AS BIGINT) AS reads, MAX(readers) AS readers, MAX(last_read_ms) AS last_read_ms
    FROM reading
    GROUP BY resource
),
read_days AS (
    SELECT
        account,
        region,
        CAST(SUM(CASE WHEN state = 'complete' THEN 1 ELSE 0 END) AS BIGINT) AS logged_days,
        CAST(COUNT(*) AS BIGINT) AS all_days
    FROM coverage
    WHERE class = 'management-read'
    GROUP BY account, region
),
everywhere AS (
    SELECT account, logged_days, all_days
    FROM read_days
    WHERE region = '*'
),
judged AS (
    SELECT
        s.account AS account,
        s.resource AS resource,
        s.state AS state,
        s.region AS region,
        u.reads AS reads,
        u.readers AS readers,
        u.last_read_ms AS last_read_ms,
        s.created_ms AS created_ms,
        s.rotated_ms AS rotated_ms,
        p.as_of_ms - p.secret_unused_days * 86400000 AS cutoff_ms,
        CASE
            WHEN c.complete AND p.window_days >= p.secret_unused_days
                AND COALESCE(d.logged_days, e.logged_days) * 10 >= COALESCE(d.all_days, e.all_days) * 9 THEN 1
            ELSE 0
        END AS covered
    FROM secrets AS s
    LEFT JOIN used AS u ON s.resource = u.resource
    LEFT JOIN read_days AS d ON s.account = d.account AND s.region = d.region
    LEFT JOIN everywhere AS e ON s.account = e.account
    LEFT JOIN coverage_summary AS c ON s.account = c.account
    CROSS JOIN params AS p
),
both AS (
    SELECT
        account, resource,
        CASE
            WHEN state <> 'present' THEN 'UNKNOWN'
            WHEN last_read_ms >= cutoff_ms THEN 'PASS'
            WHEN created_ms IS NULL OR created_ms > cutoff_ms THEN 'UNKNOWN'
            WHEN covered = 0 THEN 'UNKNOWN'
            ELSE 'FAIL'
        END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN state <> 'present' THEN 'the export does not tell of this secret'
            WHEN last_read_ms >= cutoff_ms THEN 'read within the limit'
            WHEN created_ms IS NULL THEN 'no export says when the secret was made'
            WHEN created_ms > cutoff_ms THEN 'younger than the limit: too early to tell'
            WHEN covered = 0 THEN 'no read is seen, but the logs do not cover the reads of the limit'
            ELSE 'not read for longer than the limit'
        END AS reason,
        region, reads, readers, last_read_ms, created_ms, rotated_ms
    FROM judged
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'MEDIUM' AS severity,
        'no list of secrets of this account was given, or it has none' AS reason,
        n.no_text AS region, n.no_int AS reads, n.no_int AS readers, n.no_int AS last_read_ms, n.no_int AS created_ms, n.no_int AS rotated_ms
    FROM accounts AS a
    LEFT JOIN counts AS k ON a.account = k.account
    CROSS JOIN nulls AS n
    WHERE a.owned AND k.account IS NULL
)
SELECT account, resource, status, severity, reason, region, reads, readers, last_read_ms, created_ms, rotated_ms
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
