//! What a store's own server is told, and how it knows that it was the gateway: nothing that the OpenAPI document describes.

use maud::{Markup, html};

use super::guide::block;

const MESSAGE: &str = r#"{
  "type": "IdentityVerification.Verified",
  "timestamp": "2026-01-01T00:00:41Z",
  "data": {
    "storeId": "store-…",
    "identityVerificationId": "order20260101",
    "identityVerificationTxId": "9f2c…"
  }
}"#;

const RECEIVER: &str = r#"import { createServer } from "node:http";
import { Webhook } from "@portone/server-sdk";

createServer(async (request, response) => {
  let body = "";
  for await (const part of request.setEncoding("utf8")) body += part;
  try {
    const { type, data } = await Webhook.verify(process.env.WEBHOOK_SECRET, body, request.headers);
    console.log(type, data.identityVerificationId);
    response.writeHead(204).end();
  } catch (error) {
    response.writeHead(error instanceof Webhook.WebhookVerificationError ? 400 : 500).end();
  }
}).listen(3000);"#;

pub fn section() -> Markup {
    html! {
        section #webhooks {
            h2 { a href="#webhooks" { "웹훅" } }
            p {
                "본인인증의 상태가 바뀔 때마다 고객사의 서버에 알립니다. 콘솔의 웹훅 화면이나 " code { "bonin webhook create" }
                "로 받을 주소를 정하면 시크릿을 한 번 보여 줍니다."
            }
            table.fields {
                thead { tr { th scope="col" { "type" } th scope="col" { "언제" } } }
                tbody {
                    tr { th scope="row" { code { "IdentityVerification.Ready" } } td { "시도가 시작되었을 때. 같은 아이디로 다시 시도하면 또 옵니다." } }
                    tr { th scope="row" { code { "IdentityVerification.Verified" } } td { "본인인증에 성공했을 때. 아이디마다 한 번입니다." } }
                    tr { th scope="row" { code { "IdentityVerification.Failed" } } td { "시도가 실패했거나 유효 시간이 지났을 때." } }
                    tr { th scope="row" { code { "Webhook.Test" } } td { "시험 메시지. " code { "data" } "에 " code { "storeId" } "만 있습니다." } }
                }
            }
            (block("POST로 받는 본문", MESSAGE))
            p {
                "고객의 정보는 담기지 않습니다. 메시지를 받으면 "
                a href="#getIdentityVerification" { "단건 조회" } "로 지금의 상태와 결과를 확인하세요."
            }
            (block("받는 서버: Node.js와 공식 SDK", RECEIVER))
            ul {
                li {
                    "서명은 Standard Webhooks(standardwebhooks.com)를 따릅니다. 헤더는 "
                    code { "webhook-id" } ", " code { "webhook-timestamp" } ", " code { "webhook-signature" } "입니다. "
                    "본문을 해석하기 전에, 받은 그대로 확인하세요."
                }
                li { "먼저 2xx로 답하고 일은 나중에 하세요. 30초(기본값) 안에 2xx가 오지 않으면 1분, 4분, 16분, 64분, 256분 뒤에 다시 보냅니다. 리디렉션은 따라가지 않습니다." }
                li { "같은 메시지가 두 번 올 수 있습니다. " code { "webhook-id" } "를 기억해 두고 한 번만 처리하세요. 순서가 바뀌어 올 수도 있습니다." }
                li { "모르는 " code { "type" } "은 무시하세요. 앞으로 늘어날 수 있습니다." }
            }
        }
    }
}
