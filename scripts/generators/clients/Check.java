package tasklane;

import java.util.List;
import tasklane.api.SyncApi;
import tasklane.api.TasksApi;
import tasklane.model.*;

public class Check {
  private static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }

  public static void main(String[] arguments) throws Exception {
    String user = System.getenv("TASKLANE_USER");
    ApiClient client = new ApiClient();
    client.updateBaseUri(System.getenv("TASKLANE_URL"));
    client.setRequestInterceptor(
        request -> request.header("Authorization", "Bearer " + System.getenv("TASKLANE_TOKEN")));
    TasksApi tasks = new TasksApi(client);

    TaskCreate body = new TaskCreate().title("openapi-generator-java").description("x").tags(List.of("a"));
    Task created = tasks.createTask(TasksApi.APICreateTaskRequest.newBuilder().userId(user).taskCreate(body).build());
    TaskPage page = tasks.listTasks(TasksApi.APIListTasksRequest.newBuilder().userId(user)
        .status(List.of(TaskStatus.PENDING, TaskStatus.IN_PROGRESS)).tagsAny(List.of("a")).build());
    check(page.getItems().stream().anyMatch(each -> each.getId().equals(created.getId())), "list");
    Task updated = tasks.updateTask(TasksApi.APIUpdateTaskRequest.newBuilder().userId(user).taskId(created.getId())
        .taskPatch(new TaskPatch().description(null)).build());
    check(updated.getDescription() == null && updated.getTags().equals(List.of("a")), "update");
    Task completed = tasks.completeTask(TasksApi.APICompleteTaskRequest.newBuilder().userId(user)
        .taskId(created.getId()).taskCompletion(new TaskCompletion().completed(true)).build());
    check(completed.getStatus() == TaskStatus.COMPLETED, "complete");
    try {
      tasks.getTask(TasksApi.APIGetTaskRequest.newBuilder().userId(user)
          .taskId("00000000-0000-4000-8000-000000000000").build());
      throw new IllegalStateException("404");
    } catch (ApiException missing) {
      check(missing.getCode() == 404, "404");
    }
    SyncPage sync = new SyncApi(client).syncLane(SyncApi.APISyncLaneRequest.newBuilder().userId(user).build());
    check(sync.getChanges().stream().anyMatch(each -> each.getActualInstance() instanceof SyncedTask
        && ((SyncedTask) each.getActualInstance()).getId().equals(created.getId())), "sync");
  }
}
