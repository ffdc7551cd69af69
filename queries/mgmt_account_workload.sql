-- title: Workloads in the management account
-- question: Which services that run workloads are used in the account that manages the organisation?
-- columns: account, resource, status, severity, reason, event_source, allowed_calls, write_calls, regions, last_seen_ms
WITH work AS (
    SELECT
        account,
        event_source,
        CAST(SUM(allowed_calls) AS BIGINT) AS allowed_calls,
        CAST(SUM(write_calls) AS BIGINT) AS write_calls,
        CAST(COUNT(DISTINCT region) AS BIGINT) AS regions,
        MAX(last_seen_ms) AS last_seen_ms
    FROM region_use
    WHERE event_source IN (
        'airflow.amazonaws.com', 'apigateway.amazonaws.com', 'apprunner.amazonaws.com', 'athena.amazonaws.com', 'autoscaling.amazonaws.com',
        'batch.amazonaws.com', 'bedrock.amazonaws.com', 'codebuild.amazonaws.com', 'codepipeline.amazonaws.com', 'docdb-elastic.amazonaws.com',
        'dynamodb.amazonaws.com', 'ec2.amazonaws.com', 'ecr.amazonaws.com', 'ecs.amazonaws.com', 'eks.amazonaws.com', 'elasticache.amazonaws.com',
        'elasticbeanstalk.amazonaws.com', 'elasticfilesystem.amazonaws.com', 'elasticloadbalancing.amazonaws.com',
        'elasticmapreduce.amazonaws.com', 'es.amazonaws.com', 'firehose.amazonaws.com', 'glue.amazonaws.com', 'kafka.amazonaws.com',
        'kinesis.amazonaws.com', 'lambda.amazonaws.com', 'lightsail.amazonaws.com', 'mq.amazonaws.com', 'rds.amazonaws.com',
        'redshift.amazonaws.com', 'sagemaker.amazonaws.com', 'states.amazonaws.com', 'transfer.amazonaws.com', 'workspaces.amazonaws.com'
    )
    GROUP BY account, event_source
),
found AS (
    SELECT
        a.account AS account,
        w.event_source AS event_source,
        w.allowed_calls AS allowed_calls,
        w.write_calls AS write_calls,
        w.regions AS regions,
        w.last_seen_ms AS last_seen_ms
    FROM accounts AS a
    JOIN work AS w ON a.account = w.account
    WHERE a.is_management_account AND w.write_calls > 0
),
counts AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS failed
    FROM found
    GROUP BY account
),
both AS (
    SELECT
        account, account AS resource, 'FAIL' AS status, 'MEDIUM' AS severity, 'a service that runs workloads is made or changed here' AS reason,
        event_source, allowed_calls, write_calls, regions, last_seen_ms
    FROM found
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource,
        CASE WHEN a.is_management_account AND c.complete THEN 'PASS' ELSE 'UNKNOWN' END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN a.is_management_account IS NULL THEN 'no export says whether this account manages an organisation'
            WHEN c.account IS NULL THEN 'no logs of the management account were given'
            WHEN NOT c.complete THEN 'the logs do not cover the window'
            ELSE 'no workload is made or changed in the management account'
        END AS reason,
        n.no_text AS event_source, n.no_int AS allowed_calls, n.no_int AS write_calls, n.no_int AS regions, n.no_int AS last_seen_ms
    FROM accounts AS a
    LEFT JOIN counts AS k ON a.account = k.account
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    CROSS JOIN nulls AS n
    WHERE a.owned AND (a.is_management_account IS NULL OR a.is_management_account) AND k.failed IS NULL
)
SELECT account, resource, status, severity, reason, event_source, allowed_calls, write_calls, regions, last_seen_ms
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, event_source ASC NULLS LAST
