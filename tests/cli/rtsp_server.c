/* rtsp_server [PORT [USER PASSWORD]]: an RTSP server on 127.0.0.1, where rtsp://127.0.0.1:PORT/live is a ball that moves, for ever, 25
 * frames a second of 320x240; with USER, for nobody else. The port, a free one unless it is given, goes to stdout. Commands, a line
 * each, on stdin, whose end is the server's:
 *   cut    all clients are thrown out
 *   hush   no frames come any more, and nobody is told so
 */
#include <stdio.h>
#include <string.h>

#include <gio/gio.h>
#include <gst/rtsp-server/rtsp-server.h>

static GMainLoop *loop;
static GstRTSPServer *server;

static GstRTSPFilterResult cut(GstRTSPServer *s, GstRTSPClient *client, gpointer data)
{
    (void)s;
    (void)client;
    (void)data;
    return GST_RTSP_FILTER_REMOVE;
}

/* Its pipeline stands still. */
static GstRTSPFilterResult hush_media(GstRTSPSession *session, GstRTSPSessionMedia *media, gpointer data)
{
    GstElement *element = gst_rtsp_media_get_element(gst_rtsp_session_media_get_media(media));

    (void)session;
    (void)data;
    gst_element_set_state(element, GST_STATE_PAUSED);
    gst_object_unref(element);
    return GST_RTSP_FILTER_KEEP;
}

static GstRTSPFilterResult hush_session(GstRTSPClient *client, GstRTSPSession *session, gpointer data)
{
    (void)client;
    gst_rtsp_session_filter(session, hush_media, data);
    return GST_RTSP_FILTER_KEEP;
}

static GstRTSPFilterResult hush(GstRTSPServer *s, GstRTSPClient *client, gpointer data)
{
    (void)s;
    gst_rtsp_client_session_filter(client, hush_session, data);
    return GST_RTSP_FILTER_KEEP;
}

static gboolean command(GIOChannel *in, GIOCondition why, gpointer data)
{
    gchar *line = NULL;

    (void)why;
    (void)data;
    if (g_io_channel_read_line(in, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
        g_main_loop_quit(loop);
        return FALSE;
    }
    if (!strcmp(g_strstrip(line), "cut"))
        gst_rtsp_server_client_filter(server, cut, NULL);
    else if (!strcmp(line, "hush"))
        gst_rtsp_server_client_filter(server, hush, NULL);
    g_free(line);
    return TRUE;
}

/* Everything is for this user alone. */
static void lock_for(const char *user, const char *password)
{
    GstRTSPAuth *auth = gst_rtsp_auth_new();
    GstRTSPToken *token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "user", NULL);
    gchar *basic = gst_rtsp_auth_make_basic(user, password);

    gst_rtsp_auth_add_basic(auth, basic, token);
    gst_rtsp_server_set_auth(server, auth);
    g_free(basic);
    gst_rtsp_token_unref(token);
    g_object_unref(auth);
}

static void add(const char *path)
{
    GstRTSPMountPoints *mounts = gst_rtsp_server_get_mount_points(server);
    GstRTSPMediaFactory *f = gst_rtsp_media_factory_new();

    gst_rtsp_media_factory_set_launch(f, "( videotestsrc is-live=true pattern=ball ! "
                                         "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! "
                                         "jpegenc ! rtpjpegpay name=pay0 pt=26 )");
    gst_rtsp_media_factory_set_shared(f, TRUE);
    gst_rtsp_media_factory_add_role(f, "user", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
                                    GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
    gst_rtsp_mount_points_add_factory(mounts, path, f);
    g_object_unref(mounts);
}

int main(int argc, char **argv)
{
    GIOChannel *in = g_io_channel_unix_new(0);

    gst_init(NULL, NULL);
    loop = g_main_loop_new(NULL, FALSE);
    server = gst_rtsp_server_new();
    gst_rtsp_server_set_address(server, "127.0.0.1");
    gst_rtsp_server_set_service(server, argc > 1 ? argv[1] : "0");
    if (argc > 3)
        lock_for(argv[2], argv[3]);
    add("/live");
    if (!gst_rtsp_server_attach(server, NULL)) {
        fprintf(stderr, "rtsp_server: no such port\n");
        return 2;
    }
    printf("%d\n", gst_rtsp_server_get_bound_port(server));
    fflush(stdout);
    g_io_add_watch(in, G_IO_IN | G_IO_HUP, command, NULL);
    g_main_loop_run(loop);
    return 0;
}
