-- title: Unrotated access keys
-- question: Which active access keys are older than the limit?
-- columns: account, resource, status, severity, reason, user_name, slot, access_key_id, age_days, made_ms, dated_by, made_by, last_used_ms, last_used_service, allowed_calls, networks, top_network, services, top_service
-- A key is dated by the list of access keys, else by its creation in the log, else by the report. The report tells when a slot
-- last changed, which makes a key that was switched off and on again look younger: a change in the log within a second of
-- that date tells which key it is and what happened.
WITH made AS (
    SELECT access_key_id, MIN(event_time_ms) AS event_time_ms, MIN(changed_by) AS changed_by
    FROM key_changes
    WHERE event_name = 'CreateAccessKey'
    GROUP BY access_key_id
),
near AS (
    SELECT account, user_name, access_key_id, event_name, CAST(FLOOR(event_time_ms / 1000.0) AS BIGINT) AS second FROM key_changes
    UNION ALL
    SELECT account, user_name, access_key_id, event_name, CAST(FLOOR((event_time_ms - 1000) / 1000.0) AS BIGINT) AS second FROM key_changes
    UNION ALL
    SELECT account, user_name, access_key_id, event_name, CAST(FLOOR((event_time_ms + 1000) / 1000.0) AS BIGINT) AS second FROM key_changes
),
dates AS (
    SELECT
        account,
        user_name,
        second,
        CASE WHEN MIN(access_key_id) = MAX(access_key_id) THEN MIN(access_key_id) END AS access_key_id,
        MAX(CASE WHEN event_name = 'CreateAccessKey' THEN access_key_id END) AS created_id
    FROM near
    GROUP BY account, user_name, second
),
slots AS (
    SELECT
        c.account AS account,
        COALESCE(c.user_arn, c.user_name, c.access_key_id) AS resource,
        c.user_name AS user_name,
        c.slot AS slot,
        COALESCE(c.access_key_id, d.access_key_id) AS access_key_id,
        c.active AS active,
        c.created_ms AS created_ms,
        c.last_changed_ms AS last_changed_ms,
        c.user_created_ms AS user_created_ms,
        CASE WHEN d.access_key_id IS NOT NULL AND d.created_id IS NULL THEN 1 ELSE 0 END AS toggled,
        c.last_used_ms AS last_used_ms,
        c.last_used_service AS last_used_service
    FROM credentials AS c
    LEFT JOIN dates AS d
        ON c.account = d.account
        AND c.user_name = d.user_name
        AND CAST(FLOOR(c.last_changed_ms / 1000.0) AS BIGINT) = d.second
    WHERE c.present
        AND (c.slot = 'access_key_1' OR c.slot = 'access_key_2' OR c.slot = 'access_key')
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, n.no_text AS user_name, n.no_text AS slot, n.no_text AS access_key_id, n.no_bool AS active,
        n.no_int AS created_ms, n.no_int AS last_changed_ms, n.no_int AS user_created_ms, 0 AS toggled, n.no_int AS last_used_ms, n.no_text AS last_used_service
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE a.owned AND NOT a.has_credential_report
),
things AS (
    SELECT access_key_id, 'network' AS kind, network AS thing, CAST(SUM(allowed_calls) AS BIGINT) AS calls
    FROM key_sources
    WHERE allowed_calls > 0
    GROUP BY access_key_id, network
    UNION ALL
    SELECT access_key_id, 'service' AS kind, event_source AS thing, CAST(SUM(allowed_calls) AS BIGINT) AS calls
    FROM key_services
    WHERE allowed_calls > 0
    GROUP BY access_key_id, event_source
),
most AS (
    SELECT access_key_id, kind, MAX(calls) AS most, CAST(SUM(calls) AS BIGINT) AS calls, CAST(COUNT(thing) AS BIGINT) AS things
    FROM things
    GROUP BY access_key_id, kind
),
uses AS (
    SELECT
        t.access_key_id AS access_key_id,
        MAX(CASE WHEN t.kind = 'network' THEN m.calls END) AS calls,
        MAX(CASE WHEN t.kind = 'network' THEN m.things END) AS networks,
        MIN(CASE WHEN t.kind = 'network' THEN t.thing END) AS top_network,
        MAX(CASE WHEN t.kind = 'service' THEN m.things END) AS services,
        MIN(CASE WHEN t.kind = 'service' THEN t.thing END) AS top_service
    FROM things AS t
    JOIN most AS m ON t.access_key_id = m.access_key_id AND t.kind = m.kind AND t.calls = m.most
    GROUP BY t.access_key_id
),
judged AS (
    SELECT
        s.account AS account,
        s.resource AS resource,
        CASE
            WHEN s.slot IS NULL THEN 'not-given'
            WHEN NOT s.active THEN 'disabled'
            WHEN s.active IS NULL THEN 'untold'
            WHEN s.user_name = '<root_account>' THEN 'root'
            WHEN COALESCE(s.created_ms, m.event_time_ms, s.last_changed_ms) IS NULL THEN 'undated'
            WHEN p.as_of_ms - COALESCE(s.created_ms, m.event_time_ms, s.last_changed_ms) > p.key_max_age_days * 86400000 THEN 'old'
            WHEN s.created_ms IS NOT NULL OR m.event_time_ms IS NOT NULL OR s.toggled = 0 THEN 'young'
            WHEN p.as_of_ms - s.user_created_ms <= p.key_max_age_days * 86400000 THEN 'young'
            ELSE 'toggled'
        END AS verdict,
        s.user_name AS user_name,
        s.slot AS slot,
        s.access_key_id AS access_key_id,
        CAST(FLOOR((p.as_of_ms - COALESCE(s.created_ms, m.event_time_ms, s.last_changed_ms)) / 86400000.0) AS BIGINT) AS age_days,
        COALESCE(s.created_ms, m.event_time_ms, s.last_changed_ms) AS made_ms,
        CASE
            WHEN s.created_ms IS NOT NULL THEN 'list of access keys'
            WHEN m.event_time_ms IS NOT NULL THEN 'the log'
            WHEN s.toggled = 1 THEN 'a change of its status'
            WHEN s.last_changed_ms IS NOT NULL THEN 'credential report'
        END AS dated_by,
        m.changed_by AS made_by,
        s.last_used_ms AS last_used_ms,
        s.last_used_service AS last_used_service,
        w.calls AS allowed_calls,
        w.networks AS networks,
        w.top_network AS top_network,
        w.services AS services,
        w.top_service AS top_service
    FROM slots AS s
    LEFT JOIN made AS m ON s.access_key_id = m.access_key_id
    LEFT JOIN uses AS w ON s.access_key_id = w.access_key_id
    CROSS JOIN params AS p
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'root' OR verdict = 'old' THEN 'FAIL'
        WHEN verdict = 'disabled' OR verdict = 'young' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE WHEN verdict = 'root' THEN 'CRITICAL' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN verdict = 'not-given' THEN 'no credential report of this account was given'
        WHEN verdict = 'disabled' THEN 'the key is disabled'
        WHEN verdict = 'untold' THEN 'no export says whether the key is active'
        WHEN verdict = 'root' THEN 'the root user has an active access key'
        WHEN verdict = 'undated' THEN 'no export says when the key was made'
        WHEN verdict = 'old' THEN 'the key is older than the limit'
        WHEN verdict = 'toggled' THEN 'the only date is that of a change of its status: the key is older than that'
        ELSE 'the key is younger than the limit'
    END AS reason,
    user_name,
    slot,
    access_key_id,
    age_days,
    made_ms,
    dated_by,
    made_by,
    last_used_ms,
    last_used_service,
    allowed_calls,
    networks,
    top_network,
    services,
    top_service
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, slot ASC NULLS LAST, access_key_id ASC NULLS LAST
