using Microsoft.AspNetCore.Http;

namespace GreenThreads;

// The server's own code stays on the thread pool: it comes here from there, and goes on there when the task that is returned has ended. What is between, the rest of
// the pipeline, begins on one green thread; after each await it is on one of the same group (docs/tasks.md). That first green thread waits until all of it has
// ended, which costs a stack for each request that waits asynchronously, and keeps the group's drain waiting for it.
//
// Rejected: to let it end with the first await of the pipeline. It saves those stacks for code that does not need green threads anyway, but then nobody knows
// that the request is still under way: a shutdown of the group would close it in the middle.

/// <summary>Runs the rest of a request's pipeline on a green thread.</summary>
internal sealed class GreenThreadsMiddleware(RequestDelegate next, GreenThreadsOptions options)
{
    public Task InvokeAsync(HttpContext context)
    {
        SchedulerGroup group = options.Group ?? SchedulerGroup.Default;
        // Twice in the pipeline is as good as once.
        return GreenThread.Current?.Group == group ? next(context) : GreenThread.Run(() => next(context), group: group);
    }
}
