//! The tables, as the queries are checked against them. One schema for both databases.

diesel::table! {
    tenant (id) {
        id -> Text,
        name -> Text,
        service -> Text,
        suspended -> Bool,
        created_at -> BigInt,
        kind -> Text,
        preferred_hours -> Nullable<Text>,
        search_text -> Text,
    }
}

diesel::table! {
    terminal (id) {
        id -> BigInt,
        tenant_id -> Text,
        common_name -> Text,
        label -> Nullable<Text>,
        created_at -> BigInt,
        place -> Nullable<Text>,
        stopped_at -> Nullable<BigInt>,
        stopped_by -> Nullable<Text>,
        stop_final_at -> Nullable<BigInt>,
        last_seen_at -> BigInt,
        last_result -> Nullable<Text>,
        last_result_at -> Nullable<BigInt>,
        failing_since -> Nullable<BigInt>,
        current_serial -> Nullable<Text>,
        current_state -> Text,
        expires_at -> BigInt,
        unused_serial -> Nullable<Text>,
        name_key -> Text,
        place_key -> Text,
        search_text -> Text,
        begins_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    renamed_terminal (id) {
        id -> BigInt,
        terminal_id -> BigInt,
    }
}

diesel::table! {
    renamed_tenant (id) {
        id -> BigInt,
        tenant_id -> Text,
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
        fetched_at -> Nullable<BigInt>,
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
        set_hash -> Nullable<Text>,
        private_key -> Nullable<Text>,
        ca_chain -> Nullable<Text>,
        issued_by -> Nullable<BigInt>,
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
        actor -> Nullable<Text>,
    }
}

diesel::table! {
    schema_needs (id) {
        id -> BigInt,
        migration -> Text,
    }
}

diesel::table! {
    audit_link (position) {
        position -> BigInt,
        event_id -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    audit_head (id) {
        id -> BigInt,
        position -> BigInt,
        hash -> Text,
        settled -> BigInt,
        looked_to -> BigInt,
        looked_before -> BigInt,
    }
}

diesel::table! {
    administrator (id) {
        id -> BigInt,
        tenant_id -> Text,
        login -> Text,
        name -> Text,
        mail -> Text,
        password_hash -> Text,
        totp_sealed -> Binary,
        totp_last_step -> BigInt,
        state -> Text,
        created_at -> BigInt,
        signed_in_at -> Nullable<BigInt>,
        disabled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    invitation (token_hash) {
        token_hash -> Text,
        tenant_id -> Text,
        mail -> Text,
        invited_by -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    enrolment (token_hash) {
        token_hash -> Text,
        login -> Text,
        name -> Text,
        password_hash -> Text,
        totp_sealed -> Binary,
    }
}

diesel::table! {
    site_session (id_hash) {
        id_hash -> Text,
        administrator_id -> BigInt,
        certificate_serial -> Text,
        csrf -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        second_factor_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    ended_session (id_hash) {
        id_hash -> Text,
        reason -> Text,
        ended_at -> BigInt,
    }
}

diesel::table! {
    account_reset (token_hash) {
        token_hash -> Text,
        administrator_id -> BigInt,
    }
}

diesel::table! {
    passkey (id) {
        id -> BigInt,
        administrator_id -> BigInt,
        credential_id -> Text,
        name -> Text,
        credential -> Text,
        created_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    ceremony (id_hash, purpose) {
        id_hash -> Text,
        purpose -> Text,
        state -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    known_terminal (administrator_id, common_name) {
        administrator_id -> BigInt,
        common_name -> Text,
        signed_in_at -> BigInt,
    }
}

diesel::table! {
    sign_in_failure (subject) {
        subject -> Text,
        failures -> BigInt,
        last_failed_at -> BigInt,
        locked_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    consent (id) {
        id -> BigInt,
        clinic -> Text,
        vendor -> Text,
        granted_by -> BigInt,
        granted_at -> BigInt,
        withdrawn_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    renewal_attempt (terminal_id, hour, reason) {
        terminal_id -> BigInt,
        hour -> BigInt,
        reason -> Text,
        times -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    notice_settings (tenant_id) {
        tenant_id -> Text,
        unattended -> Bool,
        webhook_url -> Nullable<Text>,
        calendar_token_hash -> Nullable<Text>,
        webhook_sealed -> Nullable<Binary>,
        mail -> Bool,
        administrators -> Bool,
        language -> Text,
    }
}

diesel::table! {
    notice_recipient (tenant_id, address) {
        tenant_id -> Text,
        address -> Text,
        language -> Text,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        serial -> Nullable<Text>,
        about -> Nullable<Text>,
        subject -> Text,
        notice -> Text,
        channel -> Text,
        recipient -> Text,
        tenant_id -> Text,
        facts -> Nullable<Text>,
        sealed -> Nullable<Binary>,
        mark -> Nullable<Text>,
        state -> Text,
        attempts -> BigInt,
        created_at -> BigInt,
        next_attempt_at -> BigInt,
        leased_until -> Nullable<BigInt>,
        lease -> Nullable<Text>,
        last_error -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
        certificate_tenant -> Nullable<Text>,
    }
}

diesel::table! {
    api_token (id) {
        id -> BigInt,
        tenant_id -> Text,
        administrator_id -> BigInt,
        token_hash -> Text,
        beginning -> Text,
        name -> Text,
        scopes -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    notice_tryout (id) {
        id -> BigInt,
        tenant_id -> Text,
        channel -> Text,
        recipient -> Text,
        state -> Text,
        answer -> Nullable<Text>,
        asked_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    service_policy (service) {
        service -> Text,
        max_remaining_days -> Nullable<BigInt>,
        preferred_hours -> Nullable<Text>,
        pkcs12 -> Nullable<Text>,
        pkcs12_iterations -> Nullable<BigInt>,
        legacy_key -> Nullable<Text>,
        changed_at -> BigInt,
        changed_by -> Text,
        hosts -> Nullable<Text>,
    }
}

diesel::table! {
    mass_revocation (id) {
        id -> BigInt,
        mark -> Text,
        state -> Text,
        choice -> Text,
        reason -> Text,
        chosen_by -> BigInt,
        chosen_by_name -> Text,
        chosen_at -> BigInt,
        proposed_at -> Nullable<BigInt>,
        decided_by -> Nullable<BigInt>,
        decided_by_name -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    recovery_code (id) {
        id -> BigInt,
        terminal_id -> BigInt,
        code_hash -> Text,
        created_by -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        used_serial -> Nullable<Text>,
        cancelled_at -> Nullable<BigInt>,
        issued_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    notice_bounce (tenant_id, address) {
        tenant_id -> Text,
        address -> Text,
        reason -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    mass_revocation_item (revocation_id, serial) {
        revocation_id -> BigInt,
        serial -> Text,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    recovery_attempt (subject, span) {
        subject -> Text,
        span -> BigInt,
        times -> BigInt,
    }
}

diesel::joinable!(api_token -> administrator (administrator_id));
diesel::joinable!(terminal -> tenant (tenant_id));
diesel::joinable!(certificate -> terminal (terminal_id));
diesel::joinable!(bundle -> certificate (serial));
diesel::joinable!(administrator -> tenant (tenant_id));
diesel::joinable!(invitation -> tenant (tenant_id));
diesel::joinable!(enrolment -> invitation (token_hash));
diesel::joinable!(account_reset -> invitation (token_hash));
diesel::joinable!(account_reset -> administrator (administrator_id));
diesel::joinable!(passkey -> administrator (administrator_id));
diesel::joinable!(known_terminal -> administrator (administrator_id));
diesel::joinable!(site_session -> administrator (administrator_id));
diesel::joinable!(site_session -> certificate (certificate_serial));
diesel::joinable!(renewal_attempt -> terminal (terminal_id));
diesel::joinable!(recovery_code -> terminal (terminal_id));
diesel::joinable!(recovery_code -> certificate (used_serial));
diesel::joinable!(outbox -> certificate (serial));
diesel::joinable!(notice_bounce -> tenant (tenant_id));
diesel::joinable!(mass_revocation_item -> mass_revocation (revocation_id));
diesel::joinable!(mass_revocation_item -> certificate (serial));
diesel::allow_tables_to_appear_in_same_query!(outbox, certificate);
diesel::allow_tables_to_appear_in_same_query!(api_token, administrator);
diesel::allow_tables_to_appear_in_same_query!(api_token, tenant);
diesel::allow_tables_to_appear_in_same_query!(outbox, terminal);
diesel::allow_tables_to_appear_in_same_query!(outbox, tenant);
diesel::allow_tables_to_appear_in_same_query!(notice_settings, tenant);
diesel::allow_tables_to_appear_in_same_query!(notice_bounce, tenant);
diesel::allow_tables_to_appear_in_same_query!(audit_event, audit_link);
diesel::allow_tables_to_appear_in_same_query!(
    tenant,
    terminal,
    certificate,
    bundle,
    audit_event,
    administrator,
    invitation,
    enrolment,
    account_reset,
    passkey,
    known_terminal,
    site_session,
    consent,
    renewal_attempt,
    mass_revocation,
    mass_revocation_item,
    recovery_code,
);
