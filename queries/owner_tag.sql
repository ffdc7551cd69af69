-- title: Principals without an owner
-- question: Which users and roles carry none of the tags that tell their owner?
-- columns: account, resource, status, severity, reason, principal_kind, principal_name, tag_keys, created_ms, looked_at
-- Tag keys stand below each other, fifty at most; IAM does not tell their case apart.
WITH wanted AS (
    SELECT DISTINCT LOWER(value) AS tag_key
    FROM listed
    WHERE list = 'owner-tags'
),
configured AS (
    SELECT CAST(COUNT(*) AS BIGINT) AS tag_count
    FROM wanted
),
digits AS (
    SELECT 0 AS d FROM nulls
    UNION ALL SELECT 1 AS d FROM nulls
    UNION ALL SELECT 2 AS d FROM nulls
    UNION ALL SELECT 3 AS d FROM nulls
    UNION ALL SELECT 4 AS d FROM nulls
    UNION ALL SELECT 5 AS d FROM nulls
    UNION ALL SELECT 6 AS d FROM nulls
    UNION ALL SELECT 7 AS d FROM nulls
    UNION ALL SELECT 8 AS d FROM nulls
    UNION ALL SELECT 9 AS d FROM nulls
),
places AS (
    SELECT t.d * 10 + o.d + 1 AS place
    FROM digits AS t
    CROSS JOIN digits AS o
    WHERE t.d < 5
),
tags AS (
    SELECT p.arn AS arn, LOWER(SPLIT_PART(p.tag_keys, '
', n.place)) AS tag_key
    FROM principals AS p
    CROSS JOIN places AS n
    WHERE p.tag_keys IS NOT NULL AND p.tag_count >= n.place
),
owned AS (
    SELECT DISTINCT t.arn AS arn
    FROM tags AS t
    JOIN wanted AS w ON t.tag_key = w.tag_key
),
people AS (
    SELECT
        p.account AS account,
        p.arn AS arn,
        p.kind AS principal_kind,
        p.name AS principal_name,
        p.tag_keys AS tag_keys,
        p.created_ms AS created_ms,
        o.arn AS owned_arn
    FROM principals AS p
    LEFT JOIN owned AS o ON p.arn = o.arn
    WHERE p.kind <> 'group' AND NOT p.is_service_linked AND NOT p.is_permission_set
),
counts AS (
    SELECT
        account,
        CAST(COUNT(*) AS BIGINT) AS looked_at,
        CAST(SUM(CASE WHEN owned_arn IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS failed
    FROM people
    GROUP BY account
),
told AS (
    SELECT
        a.account AS account,
        CASE
            WHEN c.tag_count = 0 THEN 'NOT-APPLICABLE'
            WHEN NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete THEN 'UNKNOWN'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN c.tag_count = 0 THEN 'no tag keys of owners are configured'
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'the account authorization details are not whole'
            ELSE 'every user and role says who owns it'
        END AS reason,
        COALESCE(k.failed, 0) AS failed,
        k.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN counts AS k ON a.account = k.account
    CROSS JOIN configured AS c
    WHERE a.owned
),
both AS (
    SELECT
        p.account AS account, p.arn AS resource, 'FAIL' AS status, 'LOW' AS severity, 'no tag says who owns it' AS reason,
        p.principal_kind AS principal_kind, p.principal_name AS principal_name, p.tag_keys AS tag_keys, p.created_ms AS created_ms,
        n.no_int AS looked_at
    FROM people AS p
    CROSS JOIN configured AS c
    CROSS JOIN nulls AS n
    WHERE c.tag_count > 0 AND p.owned_arn IS NULL
    UNION ALL
    SELECT
        t.account AS account, t.account AS resource, t.status AS status, 'LOW' AS severity, t.reason AS reason,
        n.no_text AS principal_kind, n.no_text AS principal_name, n.no_text AS tag_keys, n.no_int AS created_ms, t.looked_at AS looked_at
    FROM told AS t
    CROSS JOIN nulls AS n
    WHERE t.status <> 'PASS' OR t.failed = 0
)
SELECT account, resource, status, severity, reason, principal_kind, principal_name, tag_keys, created_ms, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
