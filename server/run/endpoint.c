/* Where the doors listen, and who may connect there. */
#include <string.h>

#include "configuration.h"

struct net_endpoint configuration_endpoint(const struct configuration *configuration, enum door door)
{
    const char *certificate = configuration->tls_certificate;
    const char *key = configuration->tls_key;
    bool has_tls = certificate[0] != '\0' && key[0] != '\0';
    bool has_login = strcmp(configuration->cql_authentication, "off") != 0;
    static const char no_credentials[] = "it asks for no credentials and ciphers nothing: other machines "
                                         "reach it through a tunnel (ssh -L, WireGuard)";
    struct net_endpoint endpoints[DOORS] = {
        [DOOR_NATIVE] = {.address = configuration->native, .flag = "--native", .advice = no_credentials},
        [DOOR_TOPICS] = {.address = configuration->topics, .flag = "--topics", .advice = no_credentials},
        [DOOR_HTTP] = {.address = configuration->http,
                       .flag = "--http",
                       .advice = "it asks for no credentials: let a proxy show it to others"},
        [DOOR_DYNAMODB] = {.address = configuration->dynamodb,
                           .flag = "--dynamodb",
                           .advice = "for other machines there is --dynamodb-tls with a --key-file"},
        [DOOR_DYNAMODB_TLS] = {.address = configuration->dynamodb_tls,
                               .flag = "--dynamodb-tls",
                               .certificate_file = certificate,
                               .key_file = key,
                               .may_be_remote = has_tls && configuration->key_file[0] != '\0',
                               .advice = "clients of other machines have to sign, which takes a --key-file"},
        [DOOR_CQL] = {.address = configuration->cql,
                      .flag = "--cql",
                      .advice = "for other machines there is --cql-tls with --cql-authentication"},
        [DOOR_CQL_TLS] = {.address = configuration->cql_tls,
                          .flag = "--cql-tls",
                          .certificate_file = certificate,
                          .key_file = key,
                          .may_be_remote = has_tls && has_login,
                          .advice = "clients of other machines have to log in: --cql-authentication"},
    };
    return endpoints[door];
}

bool configuration_has_door(const struct configuration *configuration, enum door door)
{
    struct net_endpoint endpoint = configuration_endpoint(configuration, door);
    return strcmp(endpoint.address, "off") != 0;
}

enum status configuration_endpoint_check(const struct configuration *configuration, enum door door,
                                         struct error *error)
{
    struct net_endpoint endpoint = configuration_endpoint(configuration, door);
    bool needs_tls = endpoint.certificate_file != NULL;
    if (!configuration_has_door(configuration, door)) {
        return STATUS_OK;
    }
    return needs_tls && (endpoint.certificate_file[0] == '\0' || endpoint.key_file[0] == '\0')
               ? error_set(error, STATUS_INVALID, "%s needs --tls-certificate and --tls-key", endpoint.flag)
               : net_endpoint_check(&endpoint, error);
}
