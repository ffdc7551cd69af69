-- title: Events that benchmarks want watched
-- question: Which of the events that a metric filter should catch happened, where and how often?
-- columns: monitor, account, calls, principals, first_seen_ms, last_seen_ms, sample_event_id
-- size: large
-- The conditions follow the metric filters of CIS AWS Foundations, section "Monitoring", and Security Hub's CloudWatch controls.
WITH told AS (
    SELECT
        e.account AS account,
        CASE
            WHEN e.event_name = 'ConsoleLogin' AND NOT e.signed_in THEN 'sign-in-failures'
            WHEN e.event_name = 'ConsoleLogin' AND e.signed_in AND e.principal_type = 'IAMUser' AND NOT e.mfa_used THEN 'sign-in-without-mfa'
            WHEN e.event_source = 'iam.amazonaws.com' AND e.event_name IN (
                'DeleteGroupPolicy', 'DeleteRolePolicy', 'DeleteUserPolicy', 'PutGroupPolicy', 'PutRolePolicy', 'PutUserPolicy', 'CreatePolicy',
                'DeletePolicy', 'CreatePolicyVersion', 'DeletePolicyVersion', 'AttachRolePolicy', 'DetachRolePolicy', 'AttachUserPolicy',
                'DetachUserPolicy', 'AttachGroupPolicy', 'DetachGroupPolicy'
            ) THEN 'iam-policy-changes'
            WHEN e.event_source = 'cloudtrail.amazonaws.com' AND e.event_name IN (
                'CreateTrail', 'UpdateTrail', 'DeleteTrail', 'StartLogging', 'StopLogging', 'PutEventSelectors'
            ) THEN 'cloudtrail-changes'
            WHEN e.event_source = 'kms.amazonaws.com' AND e.event_name IN (
                'DisableKey', 'ScheduleKeyDeletion'
            ) THEN 'kms-key-disabled'
            WHEN e.event_source = 's3.amazonaws.com' AND e.event_name IN (
                'PutBucketAcl', 'PutBucketPolicy', 'PutBucketCors', 'PutBucketLifecycle', 'PutBucketReplication', 'DeleteBucketPolicy',
                'DeleteBucketCors', 'DeleteBucketLifecycle', 'DeleteBucketReplication'
            ) THEN 's3-bucket-policy-changes'
            WHEN e.event_source = 'config.amazonaws.com' AND e.event_name IN (
                'StopConfigurationRecorder', 'DeleteDeliveryChannel', 'PutDeliveryChannel', 'PutConfigurationRecorder'
            ) THEN 'config-changes'
            WHEN e.event_source = 'ec2.amazonaws.com' AND e.event_name IN (
                'AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress', 'RevokeSecurityGroupIngress', 'RevokeSecurityGroupEgress',
                'CreateSecurityGroup', 'DeleteSecurityGroup'
            ) THEN 'security-group-changes'
            WHEN e.event_source = 'ec2.amazonaws.com' AND e.event_name IN (
                'CreateNetworkAcl', 'CreateNetworkAclEntry', 'DeleteNetworkAcl', 'DeleteNetworkAclEntry', 'ReplaceNetworkAclEntry',
                'ReplaceNetworkAclAssociation'
            ) THEN 'network-acl-changes'
            WHEN e.event_source = 'ec2.amazonaws.com' AND e.event_name IN (
                'CreateCustomerGateway', 'DeleteCustomerGateway', 'AttachInternetGateway', 'CreateInternetGateway', 'DeleteInternetGateway',
                'DetachInternetGateway'
            ) THEN 'network-gateway-changes'
            WHEN e.event_source = 'ec2.amazonaws.com' AND e.event_name IN (
                'CreateRoute', 'CreateRouteTable', 'ReplaceRoute', 'ReplaceRouteTableAssociation', 'DeleteRouteTable', 'DeleteRoute',
                'DisassociateRouteTable'
            ) THEN 'route-table-changes'
            WHEN e.event_source = 'ec2.amazonaws.com' AND e.event_name IN (
                'CreateVpc', 'DeleteVpc', 'ModifyVpcAttribute', 'AcceptVpcPeeringConnection', 'CreateVpcPeeringConnection',
                'DeleteVpcPeeringConnection', 'RejectVpcPeeringConnection', 'AttachClassicLinkVpc', 'DetachClassicLinkVpc',
                'DisableVpcClassicLink', 'EnableVpcClassicLink'
            ) THEN 'vpc-changes'
            WHEN e.event_source = 'organizations.amazonaws.com' AND e.event_name IN (
                'AcceptHandshake', 'AttachPolicy', 'CreateAccount', 'CreateOrganizationalUnit', 'CreatePolicy', 'DeclineHandshake',
                'DeleteOrganization', 'DeleteOrganizationalUnit', 'DeletePolicy', 'DetachPolicy', 'DisablePolicyType', 'EnablePolicyType',
                'InviteAccountToOrganization', 'LeaveOrganization', 'MoveAccount', 'RemoveAccountFromOrganization', 'UpdatePolicy',
                'UpdateOrganizationalUnit'
            ) THEN 'organizations-changes'
        END AS by_name,
        CASE WHEN e.outcome = 'denied' THEN 'unauthorized-calls' END AS by_outcome,
        CASE
            WHEN e.principal_type = 'Root' AND e.invoked_by IS NULL AND e.event_type <> 'AwsServiceEvent' THEN 'root-use'
        END AS by_caller,
        e.principal_key AS principal_key,
        e.event_time_ms AS event_time_ms,
        e.event_id AS event_id
    FROM events AS e
    CROSS JOIN params AS p
    WHERE e.event_time_ms >= p.window_start_ms
        AND e.event_time_ms < p.as_of_ms
),
each AS (
    SELECT by_name AS monitor, account, principal_key, event_time_ms, event_id
    FROM told
    WHERE by_name IS NOT NULL
    UNION ALL
    SELECT by_outcome AS monitor, account, principal_key, event_time_ms, event_id
    FROM told
    WHERE by_outcome IS NOT NULL
    UNION ALL
    SELECT by_caller AS monitor, account, principal_key, event_time_ms, event_id
    FROM told
    WHERE by_caller IS NOT NULL
)
SELECT
    monitor,
    account,
    CAST(COUNT(*) AS BIGINT) AS calls,
    CAST(COUNT(DISTINCT principal_key) AS BIGINT) AS principals,
    MIN(event_time_ms) AS first_seen_ms,
    MAX(event_time_ms) AS last_seen_ms,
    MIN(event_id) AS sample_event_id
FROM each
GROUP BY monitor, account
ORDER BY monitor ASC NULLS LAST, account ASC NULLS LAST
