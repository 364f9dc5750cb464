"""The notes API: one function behind four routes."""

import base64
import json
import os
import time
import uuid

import boto3
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

dynamodb = boto3.resource("dynamodb")
notes = dynamodb.Table(os.environ["TABLE"])

HEADERS = {"content-type": "application/json", "access-control-allow-origin": "*"}
MAX_TEXT = 1000


def handler(event, context):
    """An API Gateway proxy event in, a proxy response out."""
    owner = {k.lower(): v for k, v in (event.get("headers") or {}).items()}.get("x-owner", "everybody")
    route = f"{event['httpMethod']} {event['resource']}"
    print(json.dumps({"route": route, "owner": owner}))
    try:
        return ROUTES[route](owner, event)
    except ClientError as error:
        print(f"refused: {error}")
        return answer(403, {"error": error.response["Error"]["Message"]})


def listing(owner, event):
    found = notes.query(KeyConditionExpression=Key("owner").eq(owner), ScanIndexForward=False)
    return answer(200, {"notes": [{"id": n["id"], "text": n["text"]} for n in found["Items"]]})


def create(owner, event):
    body = event["body"] or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode()
    try:
        text = json.loads(body)["text"].strip()
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer(400, {"error": 'send {"text": "…"}'})
    if not 0 < len(text) <= MAX_TEXT:
        return answer(400, {"error": f"a note has 1 to {MAX_TEXT} characters"})
    note = {"owner": owner, "id": f"{int(time.time() * 1000):013d}-{uuid.uuid4().hex[:8]}", "text": text}
    notes.put_item(Item=note)
    return answer(201, {"id": note["id"], "text": text})


def delete(owner, event):
    notes.delete_item(Key={"owner": owner, "id": event["pathParameters"]["id"]})
    return answer(204, None)


def pry(owner, event):
    """Reads a table that the role was not given: to see that it cannot."""
    table = (event.get("queryStringParameters") or {}).get("table", "archive")
    return answer(200, dynamodb.Table(table).get_item(Key={"id": "1"}).get("Item"))


def answer(status, body):
    return {"statusCode": status, "headers": HEADERS, "body": "" if body is None else json.dumps(body)}


ROUTES = {"GET /notes": listing, "POST /notes": create, "DELETE /notes/{id}": delete, "GET /archive": pry}
