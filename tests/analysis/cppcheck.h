/* For cppcheck, in front of each file: what it cannot know. */
#define fc_fail(err, status, ...) (status) /* never FC_OK */
#define fc_fail_nomem(err, bytes) FC_ENOMEM
#define fc_fail_errno(err, name)  FC_EIO
#define json_array_foreach(array, i, value)                                                                  \
    for (i = 0; i < json_array_size(array) && (value = json_array_get(array, i)); i++)
#define json_object_foreach(object, key, value)                                                              \
    for (key = json_object_iter_key(json_object_iter(object));                                               \
         key && (value = json_object_get(object, key));                                                      \
         key = json_object_iter_key(json_object_iter(object)))
