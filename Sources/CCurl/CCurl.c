// libcurl by dlopen, behind plain functions: its own are variadic, which Swift does not call.
#include "CCurl.h"
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
  __typeof__(&curl_global_init) global_init;
  __typeof__(&curl_easy_init) easy_init;
  __typeof__(&curl_easy_cleanup) easy_cleanup;
  __typeof__(&curl_easy_reset) easy_reset;
  __typeof__(&curl_easy_setopt) easy_setopt;
  __typeof__(&curl_easy_getinfo) easy_getinfo;
  __typeof__(&curl_easy_strerror) easy_strerror;
  __typeof__(&curl_multi_init) multi_init;
  __typeof__(&curl_multi_cleanup) multi_cleanup;
  __typeof__(&curl_multi_add_handle) multi_add;
  __typeof__(&curl_multi_remove_handle) multi_remove;
  __typeof__(&curl_multi_perform) multi_perform;
  __typeof__(&curl_multi_poll) multi_poll;
  __typeof__(&curl_multi_info_read) multi_info;
  __typeof__(&curl_slist_append) list_append;
  __typeof__(&curl_slist_free_all) list_free;
} curl;

static const char *missing = "libcurl is not installed";
static pthread_once_t opening = PTHREAD_ONCE_INIT;

// The macro forms check types at compile time of a direct call; here the calls are through pointers.
#undef curl_easy_setopt
#undef curl_easy_getinfo

static void open_library(void) {
  static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"};
  void *library = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (!library) return;
  const struct {
    void **place;
    const char *name;
  } wanted[] = {
    {(void **)&curl.global_init, "curl_global_init"},
    {(void **)&curl.easy_init, "curl_easy_init"},
    {(void **)&curl.easy_cleanup, "curl_easy_cleanup"},
    {(void **)&curl.easy_reset, "curl_easy_reset"},
    {(void **)&curl.easy_setopt, "curl_easy_setopt"},
    {(void **)&curl.easy_getinfo, "curl_easy_getinfo"},
    {(void **)&curl.easy_strerror, "curl_easy_strerror"},
    {(void **)&curl.multi_init, "curl_multi_init"},
    {(void **)&curl.multi_cleanup, "curl_multi_cleanup"},
    {(void **)&curl.multi_add, "curl_multi_add_handle"},
    {(void **)&curl.multi_remove, "curl_multi_remove_handle"},
    {(void **)&curl.multi_perform, "curl_multi_perform"},
    {(void **)&curl.multi_poll, "curl_multi_poll"},
    {(void **)&curl.multi_info, "curl_multi_info_read"},
    {(void **)&curl.list_append, "curl_slist_append"},
    {(void **)&curl.list_free, "curl_slist_free_all"},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    *wanted[i].place = dlsym(library, wanted[i].name);
    if (!*wanted[i].place) {
      missing = "the libcurl that is installed is older than 7.66";
      return;
    }
  }
  missing = curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? NULL : "libcurl could not be started";
}

const char *ccurl_open(void) {
  pthread_once(&opening, open_library);
  return missing;
}

struct ccurl_pool {
  CURLM *multi;
  CURL *easy;
};

ccurl_pool *ccurl_pool_make(void) {
  if (ccurl_open()) return NULL;
  ccurl_pool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  pool->multi = curl.multi_init();
  pool->easy = curl.easy_init();
  if (pool->multi && pool->easy) return pool;
  ccurl_pool_free(pool);
  return NULL;
}

void ccurl_pool_free(ccurl_pool *pool) {
  if (!pool) return;
  if (pool->easy) curl.easy_cleanup(pool->easy);
  if (pool->multi) curl.multi_cleanup(pool->multi);
  free(pool);
}

// libcurl takes any other count than the one it handed over as "stop".
static size_t take_header(char *bytes, size_t size, size_t count, void *context) {
  const ccurl_request *request = context;
  return request->on_header(request->context, bytes, size * count) ? size * count : 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
  const ccurl_request *request = context;
  if (size * count == 0) return 0;
  return request->on_body(request->context, bytes, size * count) ? size * count : 0;
}

static ccurl_end kind(CURLcode code) {
  switch (code) {
  case CURLE_OK: return CCURL_DONE;
  case CURLE_WRITE_ERROR:
  case CURLE_ABORTED_BY_CALLBACK: return CCURL_STOPPED;
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT: return CCURL_UNREACHABLE;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PARTIAL_FILE:
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM: return CCURL_BROKEN;
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_INVALIDCERTSTATUS: return CCURL_UNTRUSTED;
  default: return CCURL_FAILED;
  }
}

static void prepare(CURL *easy, const ccurl_request *request, struct curl_slist *list, char *reason) {
  __typeof__(curl.easy_setopt) set = curl.easy_setopt;
  curl.easy_reset(easy);
  set(easy, CURLOPT_ERRORBUFFER, reason);
  set(easy, CURLOPT_URL, request->url);
  set(easy, CURLOPT_USERAGENT, request->user_agent);
  set(easy, CURLOPT_HTTPHEADER, list);
  set(easy, CURLOPT_NOBODY, request->head_only ? 1L : 0L);
  // Redirects are the caller's business: it decides who sees the token.
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PATH_AS_IS, 1L);
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  // The newer option that takes names is not in every libcurl that may be found at run time.
  set(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#pragma clang diagnostic pop
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (request->certificates) set(easy, CURLOPT_CAINFO, request->certificates);
  // Given always, so that libcurl does not look into the environment.
  set(easy, CURLOPT_PROXY, request->proxy);
  set(easy, CURLOPT_NOPROXY, request->no_proxy);
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  // The caller stops a request that stands still; libcurl's own limit would be a second rule.
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, 600000L);
  set(easy, CURLOPT_HEADERFUNCTION, take_header);
  set(easy, CURLOPT_HEADERDATA, request);
  set(easy, CURLOPT_WRITEFUNCTION, take_body);
  set(easy, CURLOPT_WRITEDATA, request);
}

ccurl_outcome ccurl_perform(ccurl_pool *pool, const ccurl_request *request) {
  ccurl_outcome outcome = {.end = CCURL_FAILED};
  char reason[CURL_ERROR_SIZE] = "";
  struct curl_slist *list = NULL;
  for (size_t i = 0; i < request->header_count; i++) {
    struct curl_slist *longer = curl.list_append(list, request->headers[i]);
    if (!longer) {
      curl.list_free(list);
      snprintf(outcome.reason, sizeof outcome.reason, "out of memory");
      return outcome;
    }
    list = longer;
  }
  prepare(pool->easy, request, list, reason);
  CURLcode code = CURLE_FAILED_INIT;
  if (curl.multi_add(pool->multi, pool->easy) == CURLM_OK) {
    int running = 1;
    while (running) {
      if (!request->on_tick(request->context)) {
        code = CURLE_ABORTED_BY_CALLBACK;
        break;
      }
      if (curl.multi_perform(pool->multi, &running) != CURLM_OK) break;
      if (running && curl.multi_poll(pool->multi, NULL, 0, 100, NULL) != CURLM_OK) break;
    }
    if (!running) {
      int left = 0;
      for (CURLMsg *message; (message = curl.multi_info(pool->multi, &left));) {
        if (message->msg == CURLMSG_DONE) code = message->data.result;
      }
    }
    curl.multi_remove(pool->multi, pool->easy);
  }
  long status = 0;
  curl.easy_getinfo(pool->easy, CURLINFO_RESPONSE_CODE, &status);
  curl.list_free(list);
  outcome.status = (int)status;
  outcome.end = kind(code);
  if (code != CURLE_OK) {
    snprintf(
      outcome.reason, sizeof outcome.reason, "%s", *reason ? reason : curl.easy_strerror(code));
  }
  // The buffer is on this stack.
  curl.easy_reset(pool->easy);
  return outcome;
}
