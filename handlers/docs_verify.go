package handlers

import "github.com/tillpost/tillpost/views"

// verifySamples show how a merchant's server checks a webhook.
var verifySamples = []views.DocsSample{
	{Title: "Go", Library: true, Code: `import standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

func genuine(h http.Header, body []byte, secret string) bool {
	hook, err := standardwebhooks.NewWebhook(secret)
	return err == nil && hook.Verify(body, h) == nil
}`},
	{Title: "JavaScript", Library: true, Code: `import { Webhook } from "standardwebhooks";

// body is the text as it came, before anything parses it.
export function genuine(headers, body, secret) {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}`},
	{Title: "Go", Code: `func genuine(h http.Header, body []byte, secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	sent, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(sent, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, got := range strings.Fields(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(got), []byte(want)) {
			return true
		}
	}
	return false
}`},
	{Title: "Python", Code: `import base64, hashlib, hmac, time

def genuine(headers, body: bytes, secret: str) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    sent = headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        return False
    signed = f'{headers["webhook-id"]}.{sent}.'.encode() + body
    mac = hmac.new(key, signed, hashlib.sha256).digest()
    want = "v1," + base64.b64encode(mac).decode()
    return any(hmac.compare_digest(got, want)
               for got in headers["webhook-signature"].split())`},
	{Title: "JavaScript", Code: `import { createHmac, timingSafeEqual } from "node:crypto";

export function genuine(headers, body, secret) {
  const sent = headers["webhook-timestamp"];
  if (!(Math.abs(Date.now() / 1000 - Number(sent)) <= 300)) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const mac = createHmac("sha256", key).update(headers["webhook-id"] + "." + sent + "." + body).digest("base64");
  const want = Buffer.from("v1," + mac);
  return headers["webhook-signature"].split(" ").some((text) => {
    const got = Buffer.from(text);
    return got.length === want.length && timingSafeEqual(got, want);
  });
}`},
	{Title: "PHP", Code: `function genuine(array $headers, string $body, string $secret): bool
{
    $sent = $headers['webhook-timestamp'];
    if (!ctype_digit($sent) || abs(time() - (int) $sent) > 300) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    $mac = hash_hmac('sha256', $headers['webhook-id'] . '.' . $sent . '.' . $body, $key, true);
    $want = 'v1,' . base64_encode($mac);
    foreach (explode(' ', $headers['webhook-signature']) as $got) {
        if (hash_equals($want, $got)) {
            return true;
        }
    }
    return false;
}`},
}
