-- title: Denied calls by root cause
-- question: Where do the refusals (403s) come from: which layer and statement refuses, and should the call be allowed?
-- columns: account, resource, status, severity, reason, cluster_id, action, resource_pattern, layer, known_by, policy, statement, calls, share_permille, principal_count, principals, day_count, first_seen_ms, last_seen_ms, verdict, change_what, change_belongs, change_statement, change_then
SELECT
    c.account AS account,
    c.subject AS resource,
    CASE
        WHEN c.verdict = 'mistake' OR c.verdict = 'probing' THEN 'FAIL'
        WHEN c.verdict = 'cannot-tell' THEN 'UNKNOWN'
        WHEN c.verdict = 'guard' AND c.statement IS NULL THEN 'UNKNOWN'
        WHEN c.verdict = 'guard' OR c.verdict = 'scanner' OR c.verdict = 'mended' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE
        WHEN c.verdict = 'mistake' AND c.day_count >= 3 THEN 'HIGH'
        WHEN c.verdict = 'mistake' OR c.verdict = 'probing' THEN 'MEDIUM'
        WHEN c.verdict = 'cannot-tell' THEN 'LOW'
        ELSE 'INFO'
    END AS severity,
    c.verdict_reason AS reason,
    c.cluster_id AS cluster_id,
    c.action AS action,
    c.resource AS resource_pattern,
    c.layer AS layer,
    c.known_by AS known_by,
    c.policy AS policy,
    c.statement AS statement,
    c.calls AS calls,
    c.share_permille AS share_permille,
    c.principal_count AS principal_count,
    c.principals AS principals,
    c.day_count AS day_count,
    c.first_seen_ms AS first_seen_ms,
    c.last_seen_ms AS last_seen_ms,
    c.verdict AS verdict,
    c.change_what AS change_what,
    c.change_belongs AS change_belongs,
    c.change_statement AS change_statement,
    c.change_then AS change_then
FROM denied_clusters AS c
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, cluster_id ASC NULLS LAST
