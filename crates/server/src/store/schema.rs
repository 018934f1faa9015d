//! The tables, as the queries are checked against them. One schema for both databases.

diesel::table! {
    tenant (id) {
        id -> Text,
        name -> Text,
        service -> Text,
        suspended -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    terminal (id) {
        id -> BigInt,
        tenant_id -> Text,
        common_name -> Text,
        label -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    certificate (serial) {
        serial -> Text,
        terminal_id -> BigInt,
        parent -> Nullable<Text>,
        state -> Text,
        door -> Text,
        key_fingerprint -> Text,
        not_before -> BigInt,
        not_after -> BigInt,
        to_be_signed -> Nullable<Binary>,
        der -> Nullable<Binary>,
        created_at -> BigInt,
        first_used_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    bundle (token_hash) {
        token_hash -> Text,
        serial -> Text,
        terminal_id -> BigInt,
        pkcs12 -> Binary,
        expires_at -> BigInt,
        fetched_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_event (id) {
        id -> BigInt,
        at -> BigInt,
        kind -> Text,
        tenant_id -> Nullable<Text>,
        common_name -> Nullable<Text>,
        serial -> Nullable<Text>,
        detail -> Text,
    }
}

diesel::joinable!(terminal -> tenant (tenant_id));
diesel::joinable!(certificate -> terminal (terminal_id));
diesel::allow_tables_to_appear_in_same_query!(tenant, terminal, certificate, bundle, audit_event);
