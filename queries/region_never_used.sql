-- title: Regions that nobody needs
-- question: Which allowed regions does an account never use, and which does it use that are not allowed?
-- columns: account, resource, status, severity, reason, region, allowed_calls, write_calls, services, last_seen_ms, used_regions, region_policies
-- Services that have one endpoint for the world log in one region whoever calls from where; they do not make a region used.
WITH wanted AS (
    SELECT DISTINCT value AS region
    FROM listed
    WHERE list = 'allowed-regions'
),
configured AS (
    SELECT CAST(COUNT(*) AS BIGINT) AS regions
    FROM wanted
),
used AS (
    SELECT
        account,
        region,
        CAST(SUM(allowed_calls) AS BIGINT) AS allowed_calls,
        CAST(SUM(write_calls) AS BIGINT) AS write_calls,
        CAST(COUNT(DISTINCT event_source) AS BIGINT) AS services,
        MAX(last_seen_ms) AS last_seen_ms
    FROM region_use
    WHERE allowed_calls > 0
        AND event_source NOT IN (
            'account.amazonaws.com', 'artifact.amazonaws.com', 'billingconsole.amazonaws.com', 'budgets.amazonaws.com', 'ce.amazonaws.com',
            'cloudfront.amazonaws.com', 'cur.amazonaws.com', 'globalaccelerator.amazonaws.com', 'health.amazonaws.com', 'iam.amazonaws.com',
            'networkmanager.amazonaws.com', 'organizations.amazonaws.com', 'route53.amazonaws.com', 'route53domains.amazonaws.com',
            'shield.amazonaws.com', 'signin.amazonaws.com', 'sts.amazonaws.com', 'support.amazonaws.com', 'trustedadvisor.amazonaws.com'
        )
    GROUP BY account, region
),
switched_off AS (
    SELECT DISTINCT account, region
    FROM inventory
    WHERE kind = 'region-off' AND state = 'present'
),
everywhere AS (
    SELECT
        account,
        CAST(SUM(CASE WHEN state = 'complete' THEN 1 ELSE 0 END) AS BIGINT) AS logged_days,
        CAST(COUNT(*) AS BIGINT) AS all_days
    FROM coverage
    WHERE region = '*' AND class = 'management-write'
    GROUP BY account
),
scps AS (
    SELECT CAST(COUNT(*) AS BIGINT) AS region_policies
    FROM statements
    WHERE policy_type = 'scp' AND LOWER(conditions) LIKE '%aws:requestedregion%'
),
idle AS (
    SELECT
        a.account AS account,
        w.region AS region,
        CASE WHEN c.complete AND e.logged_days * 10 >= e.all_days * 9 THEN 'FAIL' ELSE 'UNKNOWN' END AS status,
        CASE
            WHEN c.complete AND e.logged_days * 10 >= e.all_days * 9 THEN 'allowed and never used: deny the region here by organisation policy'
            ELSE 'no use is seen, but nothing shows that the region is logged'
        END AS reason
    FROM accounts AS a
    CROSS JOIN wanted AS w
    LEFT JOIN used AS u ON a.account = u.account AND w.region = u.region
    LEFT JOIN switched_off AS o ON a.account = o.account AND w.region = o.region
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    LEFT JOIN everywhere AS e ON a.account = e.account
    WHERE a.owned AND u.region IS NULL AND o.region IS NULL
),
outside AS (
    SELECT
        u.account AS account,
        u.region AS region,
        u.allowed_calls AS allowed_calls,
        u.write_calls AS write_calls,
        u.services AS services,
        u.last_seen_ms AS last_seen_ms
    FROM used AS u
    JOIN accounts AS a ON u.account = a.account
    LEFT JOIN wanted AS w ON u.region = w.region
    CROSS JOIN configured AS k
    WHERE a.owned AND k.regions > 0 AND w.region IS NULL AND u.region IS NOT NULL
),
shown AS (
    SELECT account FROM idle
    UNION ALL
    SELECT account FROM outside
),
shown_counts AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS shown
    FROM shown
    GROUP BY account
),
used_counts AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS used_regions
    FROM used
    GROUP BY account
),
each AS (
    SELECT
        i.account AS account, i.status AS status, 'LOW' AS severity, i.reason AS reason, i.region AS region, n.no_int AS allowed_calls,
        n.no_int AS write_calls, n.no_int AS services, n.no_int AS last_seen_ms
    FROM idle AS i
    CROSS JOIN nulls AS n
    UNION ALL
    SELECT
        o.account AS account, 'FAIL' AS status,
        CASE WHEN o.write_calls > 0 THEN 'MEDIUM' ELSE 'LOW' END AS severity,
        CASE
            WHEN o.write_calls > 0 THEN 'used and not allowed: things are made or changed there'
            ELSE 'used and not allowed: only read, which an inventory or a scanner does'
        END AS reason,
        o.region AS region, o.allowed_calls AS allowed_calls, o.write_calls AS write_calls, o.services AS services, o.last_seen_ms AS last_seen_ms
    FROM outside AS o
    UNION ALL
    SELECT
        a.account AS account,
        CASE WHEN k.regions > 0 AND c.complete AND w.logged_days * 10 >= w.all_days * 9 THEN 'PASS' ELSE 'UNKNOWN' END AS status,
        'LOW' AS severity,
        CASE
            WHEN k.regions = 0 THEN 'no allowed regions are configured, and no export lists the regions that are on'
            WHEN c.complete IS NULL OR NOT c.complete THEN 'the logs do not cover the window'
            WHEN w.all_days IS NULL OR w.logged_days * 10 < w.all_days * 9 THEN 'no use outside the allowed regions is seen, but nothing shows that all regions are logged'
            ELSE 'every allowed region is used, and no other'
        END AS reason,
        n.no_text AS region, n.no_int AS allowed_calls, n.no_int AS write_calls, n.no_int AS services, n.no_int AS last_seen_ms
    FROM accounts AS a
    LEFT JOIN shown_counts AS s ON a.account = s.account
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    LEFT JOIN everywhere AS w ON a.account = w.account
    CROSS JOIN configured AS k
    CROSS JOIN nulls AS n
    WHERE a.owned AND s.shown IS NULL
)
SELECT
    e.account AS account, e.account AS resource, e.status AS status, e.severity AS severity, e.reason AS reason, e.region AS region,
    e.allowed_calls AS allowed_calls, e.write_calls AS write_calls, e.services AS services, e.last_seen_ms AS last_seen_ms,
    r.used_regions AS used_regions, p.region_policies AS region_policies
FROM each AS e
LEFT JOIN used_counts AS r ON e.account = r.account
CROSS JOIN scps AS p
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, region ASC NULLS LAST
