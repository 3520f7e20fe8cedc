/* libsrtp 3's policy and packet functions (include/srtp.h) on top of libsrtp 2, which works in place. */
#define _DEFAULT_SOURCE
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <srtp2/srtp.h>

#define BUFFER_SMALL ((srtp_err_status_t)28)

/* What libsrtp 2 may append, no MKI being used: the tag, and for RTCP four octets of index. */
#define TRAILER_RTP SRTP_MAX_TAG_LEN
#define TRAILER_RTCP (SRTP_MAX_TAG_LEN + 4)

typedef struct srtp3_policy {
    srtp_policy_t v2;
    unsigned char key[SRTP_MAX_KEY_LEN];
} srtp3_policy;

typedef srtp_err_status_t (*in_place)(srtp_t session, void *packet, int *len);

srtp_err_status_t srtp3_policy_create(srtp3_policy **policy)
{
    *policy = calloc(1, sizeof(**policy));
    return *policy ? srtp_err_status_ok : srtp_err_status_alloc_fail;
}

void srtp3_policy_destroy(srtp3_policy *policy)
{
    if (!policy)
        return;
    explicit_bzero(policy->key, sizeof(policy->key));
    free(policy);
}

srtp_err_status_t srtp3_policy_set_ssrc(srtp3_policy *policy, srtp_ssrc_t ssrc)
{
    policy->v2.ssrc = ssrc;
    return srtp_err_status_ok;
}

srtp_err_status_t srtp3_policy_set_profile(srtp3_policy *policy, srtp_profile_t profile)
{
    srtp_err_status_t status = srtp_crypto_policy_set_from_profile_for_rtp(&policy->v2.rtp, profile);
    if (status != srtp_err_status_ok)
        return status;
    return srtp_crypto_policy_set_from_profile_for_rtcp(&policy->v2.rtcp, profile);
}

srtp_err_status_t srtp3_policy_add_key(srtp3_policy *policy, const uint8_t *key, size_t key_len,
                                       const uint8_t *salt, size_t salt_len,
                                       const uint8_t *mki, size_t mki_len)
{
    if (mki || mki_len || policy->v2.key || key_len > sizeof(policy->key) ||
        salt_len > sizeof(policy->key) - key_len)
        return srtp_err_status_bad_param;
    memcpy(policy->key, key, key_len);
    memcpy(policy->key + key_len, salt, salt_len);
    policy->v2.key = policy->key;
    return srtp_err_status_ok;
}

srtp_err_status_t srtp3_policy_set_allow_repeat_tx(srtp3_policy *policy, bool allow)
{
    policy->v2.allow_repeat_tx = allow;
    return srtp_err_status_ok;
}

srtp_err_status_t srtp3_policy_set_window_size(srtp3_policy *policy, size_t packets)
{
    policy->v2.window_size = packets;
    return srtp_err_status_ok;
}

srtp_err_status_t srtp3_create(srtp_t *session, srtp3_policy *policy)
{
    return srtp_create(session, &policy->v2);
}

srtp_err_status_t srtp3_stream_remove(srtp_t session, uint32_t ssrc)
{
    return srtp_remove_stream(session, ssrc);
}

static srtp_err_status_t copy_and_do(in_place function, srtp_t session, size_t trailer,
                                     const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
    if (in_len > INT_MAX - trailer || *out_len < in_len + trailer)
        return BUFFER_SMALL;
    if (out != in)
        memmove(out, in, in_len);
    int len = (int)in_len;
    srtp_err_status_t status = function(session, out, &len);
    if (status == srtp_err_status_ok)
        *out_len = (size_t)len;
    return status;
}

srtp_err_status_t srtp3_protect(srtp_t session, const uint8_t *in, size_t in_len,
                                uint8_t *out, size_t *out_len, size_t mki_index)
{
    (void)mki_index;
    return copy_and_do(srtp_protect, session, TRAILER_RTP, in, in_len, out, out_len);
}

srtp_err_status_t srtp3_protect_rtcp(srtp_t session, const uint8_t *in, size_t in_len,
                                     uint8_t *out, size_t *out_len, size_t mki_index)
{
    (void)mki_index;
    return copy_and_do(srtp_protect_rtcp, session, TRAILER_RTCP, in, in_len, out, out_len);
}

srtp_err_status_t srtp3_unprotect(srtp_t session, const uint8_t *in, size_t in_len,
                                  uint8_t *out, size_t *out_len)
{
    return copy_and_do(srtp_unprotect, session, 0, in, in_len, out, out_len);
}

srtp_err_status_t srtp3_unprotect_rtcp(srtp_t session, const uint8_t *in, size_t in_len,
                                       uint8_t *out, size_t *out_len)
{
    return copy_and_do(srtp_unprotect_rtcp, session, 0, in, in_len, out, out_len);
}
