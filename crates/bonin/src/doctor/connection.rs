//! What goes over the wire to PostgreSQL: ids, codes and times in the clear, ciphertexts, and the role's password.

use bonin_gateway::admin::Finding;

use crate::{database::DatabaseArgs, database_url::Secrecy};

const CHECK: &str = "database_tls";

pub(super) fn examine(database: &DatabaseArgs) -> Option<Finding> {
    Some(match database.secrecy()? {
        Secrecy::Here => Finding::fine(CHECK, "데이터베이스가 이 컴퓨터에 있습니다."),
        Secrecy::Proven => Finding::fine(
            CHECK,
            "데이터베이스와의 연결을 TLS로 암호화하고 서버의 인증서를 확인합니다.",
        ),
        Secrecy::Unproven => Finding::warning(
            CHECK,
            "데이터베이스와의 연결은 암호화하지만 서버의 인증서를 확인하지 않습니다. 주소에 sslmode=verify-full과 sslrootcert를 적어야 가짜 서버를 막을 수 있습니다.",
        ),
        Secrecy::Plain => Finding::warning(
            CHECK,
            "다른 컴퓨터의 데이터베이스와 암호화하지 않은 채 이어질 수 있습니다. 주소에 sslmode=verify-full과 sslrootcert를 적어야 합니다.",
        ),
    })
}
