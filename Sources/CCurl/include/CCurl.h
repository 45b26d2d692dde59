// What Quire needs of libcurl: one request at a time over a pool of connections. The library is opened
// when the first request needs it, because linking it would cost every start milliseconds. Knows no
// hub, follows no redirect, reads no clock and no environment.
#pragma once
#include <stdbool.h>
#include <stddef.h>

/// Opens libcurl; later calls only look. NULL when it is ready, else why it is not (static text).
const char *ccurl_open(void);

/// Connections that stay open between requests. Used by one thread at a time.
typedef struct ccurl_pool ccurl_pool;

/// NULL when libcurl is not open or there is no memory.
ccurl_pool *ccurl_pool_make(void);
void ccurl_pool_free(ccurl_pool *pool);

/// A request. Texts are read while it runs; every callback returns false to stop it.
typedef struct {
  const char *url;
  const char *user_agent;
  /// "Name: value" without line ends.
  const char *const *headers;
  size_t header_count;
  /// The proxy's address, "" for none.
  const char *proxy;
  /// Hosts that are reached without it.
  const char *no_proxy;
  /// A file of trusted certificates; NULL for the system's.
  const char *certificates;
  /// HEAD instead of GET.
  bool head_only;
  void *context;
  /// One line of the response's head, its line end included.
  bool (*on_header)(void *context, const char *bytes, size_t count);
  bool (*on_body)(void *context, const char *bytes, size_t count);
  /// Called at least every 100 milliseconds.
  bool (*on_tick)(void *context);
} ccurl_request;

typedef enum {
  /// The whole response is here.
  CCURL_DONE,
  /// A callback returned false.
  CCURL_STOPPED,
  /// No connection could be made.
  CCURL_UNREACHABLE,
  /// The connection ended before the response did.
  CCURL_BROKEN,
  /// The server could not prove who it is.
  CCURL_UNTRUSTED,
  /// Anything else: no use in trying again.
  CCURL_FAILED,
} ccurl_end;

typedef struct {
  ccurl_end end;
  /// The HTTP status; 0 when none came.
  int status;
  /// libcurl's words for what went wrong; empty when nothing did.
  char reason[256];
} ccurl_outcome;

/// Runs one request to its end. Certificates are always verified; only http and https are spoken.
ccurl_outcome ccurl_perform(ccurl_pool *pool, const ccurl_request *request);
