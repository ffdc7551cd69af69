-- title: Rotation of secrets
-- question: Which secrets are not rotated, or not in time?
-- columns: account, resource, status, severity, reason, region, age_days, rotated_ms, created_ms, readers, last_read_ms
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
    SELECT s.resource AS resource, u.readers AS readers, u.last_read_ms AS last_read_ms
    FROM secrets AS s
    JOIN secret_use AS u ON s.resource = u.secret_arn
    UNION ALL
    SELECT s.resource AS resource, u.readers AS readers, u.last_read_ms AS last_read_ms
    FROM secrets AS s
    JOIN secret_use AS u ON s.bare = u.secret_arn
),
used AS (
    SELECT resource, MAX(readers) AS readers, MAX(last_read_ms) AS last_read_ms
    FROM reading
    GROUP BY resource
),
judged AS (
    SELECT
        s.account AS account,
        s.resource AS resource,
        s.region AS region,
        CASE
            WHEN s.state <> 'present' THEN 'unknown'
            WHEN s.detail LIKE '%rotation=on%' THEN 'on'
            WHEN s.detail LIKE '%rotation=off%' THEN 'off'
            ELSE 'unknown'
        END AS rotation,
        COALESCE(s.rotated_ms, s.created_ms) AS since_ms,
        s.rotated_ms AS rotated_ms,
        s.created_ms AS created_ms,
        u.readers AS readers,
        u.last_read_ms AS last_read_ms,
        p.as_of_ms AS as_of_ms,
        p.secret_rotation_days * 86400000 AS limit_ms
    FROM secrets AS s
    LEFT JOIN used AS u ON s.resource = u.resource
    CROSS JOIN params AS p
),
both AS (
    SELECT
        account, resource,
        CASE
            WHEN rotation = 'unknown' THEN 'UNKNOWN'
            WHEN rotation = 'off' THEN 'FAIL'
            WHEN since_ms IS NULL THEN 'UNKNOWN'
            WHEN as_of_ms - since_ms > limit_ms THEN 'FAIL'
            ELSE 'PASS'
        END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN rotation = 'unknown' THEN 'the export does not tell whether it is rotated'
            WHEN rotation = 'off' AND rotated_ms IS NULL THEN 'rotation is off, and it never was rotated'
            WHEN rotation = 'off' THEN 'rotation is off'
            WHEN since_ms IS NULL THEN 'no export says when it was rotated'
            WHEN as_of_ms - since_ms > limit_ms AND rotated_ms IS NULL THEN 'rotation is on, but never happened within the limit'
            WHEN as_of_ms - since_ms > limit_ms THEN 'rotation is on, but the last one is older than the limit'
            ELSE 'rotated within the limit, or younger than it'
        END AS reason,
        region, CAST(FLOOR((as_of_ms - since_ms) / 86400000.0) AS BIGINT) AS age_days, rotated_ms, created_ms, readers, last_read_ms
    FROM judged
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'MEDIUM' AS severity,
        'no list of secrets of this account was given, or it has none' AS reason,
        n.no_text AS region, n.no_int AS age_days, n.no_int AS rotated_ms, n.no_int AS created_ms, n.no_int AS readers, n.no_int AS last_read_ms
    FROM accounts AS a
    LEFT JOIN counts AS k ON a.account = k.account
    CROSS JOIN nulls AS n
    WHERE a.owned AND k.account IS NULL
)
SELECT account, resource, status, severity, reason, region, age_days, rotated_ms, created_ms, readers, last_read_ms
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
