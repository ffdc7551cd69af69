"""Asks the AWS CLI's own validator about the digests of a bucket on disk: argv = keys.json, folder. One JSON object by key."""
import json
import pathlib
import sys
import zlib

from awscli.customizations.cloudtrail.validation import DigestError, Sha256RSADigestValidator

keys = {k["Fingerprint"]: k["Value"] for k in json.loads(pathlib.Path(sys.argv[1]).read_text())["PublicKeyList"]}
root = pathlib.Path(sys.argv[2])
answers = {}
for path in sorted(root.rglob("*_CloudTrail-Digest_*.json.gz")):
    content = zlib.decompress(path.read_bytes(), zlib.MAX_WBITS | 16)
    digest = json.loads(content)
    metadata = json.loads(pathlib.Path(f"{path}.metadata.json").read_text())["Metadata"]
    digest["_signature"] = metadata["signature"]
    key = digest["digestS3Object"]
    try:
        Sha256RSADigestValidator().validate(digest["digestS3Bucket"], key, keys[digest["digestPublicKeyFingerprint"]], digest, content)
        answers[key] = "valid"
    except DigestError as error:
        answers[key] = str(error).split("\t")[-1]
print(json.dumps(answers))
