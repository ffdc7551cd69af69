-- title: Where access keys are used from
-- question: From which networks and with which clients was each long-lived access key used?
-- columns: account, principal_key, principal_arn, access_key_id, network, user_agent_family, vpc_endpoint_id, allowed_calls, denied_calls, first_seen_ms, last_seen_ms, last_denied_ms
-- size: large
-- A network is the first 24 bits of an IPv4 address, the first 48 of an IPv6 address, or the name of
-- the service that called.
WITH told AS (
    SELECT
        e.principal_account AS account,
        e.principal_key AS principal_key,
        e.principal_arn AS principal_arn,
        e.access_key_id AS access_key_id,
        CASE
            WHEN e.source_ip LIKE '%:%' AND (SPLIT_PART(e.source_ip, ':', 2) = '' OR SPLIT_PART(e.source_ip, ':', 2) = '0') AND (SPLIT_PART(e.source_ip, ':', 3) = '0' OR SPLIT_PART(e.source_ip, ':', 2) = '')
                THEN SPLIT_PART(e.source_ip, ':', 1) || '::/48'
            WHEN e.source_ip LIKE '%:%' AND (SPLIT_PART(e.source_ip, ':', 3) = '' OR SPLIT_PART(e.source_ip, ':', 3) = '0')
                THEN SPLIT_PART(e.source_ip, ':', 1) || ':' || SPLIT_PART(e.source_ip, ':', 2) || '::/48'
            WHEN e.source_ip LIKE '%:%' THEN SPLIT_PART(e.source_ip, ':', 1) || ':' || SPLIT_PART(e.source_ip, ':', 2) || ':' || SPLIT_PART(e.source_ip, ':', 3) || '::/48'
            WHEN e.source_ip LIKE '%.%.%.%' AND NOT e.source_ip LIKE '%.com'
                THEN SPLIT_PART(e.source_ip, '.', 1) || '.' || SPLIT_PART(e.source_ip, '.', 2) || '.' || SPLIT_PART(e.source_ip, '.', 3) || '.0/24'
            ELSE e.source_ip
        END AS network,
        SPLIT_PART(SPLIT_PART(e.user_agent, '/', 1), ' ', 1) AS user_agent_family,
        e.vpc_endpoint_id AS vpc_endpoint_id,
        e.outcome AS outcome,
        e.event_time_ms AS event_time_ms
    FROM events AS e
    CROSS JOIN params AS p
    WHERE e.event_time_ms >= p.window_start_ms
        AND e.event_time_ms < p.as_of_ms
        AND e.access_key_id LIKE 'AKIA%'
)
SELECT
    account,
    principal_key,
    MAX(principal_arn) AS principal_arn,
    access_key_id,
    network,
    user_agent_family,
    vpc_endpoint_id,
    CAST(SUM(CASE WHEN outcome = 'allowed' THEN 1 ELSE 0 END) AS BIGINT) AS allowed_calls,
    CAST(SUM(CASE WHEN outcome = 'denied' THEN 1 ELSE 0 END) AS BIGINT) AS denied_calls,
    MIN(event_time_ms) AS first_seen_ms,
    MAX(event_time_ms) AS last_seen_ms,
    MAX(CASE WHEN outcome = 'denied' THEN event_time_ms END) AS last_denied_ms
FROM told
GROUP BY account, principal_key, access_key_id, network, user_agent_family, vpc_endpoint_id
ORDER BY
    account ASC NULLS LAST,
    principal_key ASC NULLS LAST,
    access_key_id ASC NULLS LAST,
    network ASC NULLS LAST,
    user_agent_family ASC NULLS LAST,
    vpc_endpoint_id ASC NULLS LAST
