using GreenThreads;

// Where applications have their builder from: no using is needed for it.
namespace Microsoft.AspNetCore.Builder;

/// <summary>Puts green threads into an application's pipeline.</summary>
public static class GreenThreadsApplicationBuilderExtensions
{
    /// <summary>
    /// Runs what comes later in the pipeline on a green thread for each request: handlers may block (a synchronous database driver, <c>HttpClient.Send</c>, <c>Task.Result</c>) and park
    /// instead of holding a thread of the pool. Asynchronous handlers work as before. The server, and what comes earlier in the pipeline, stay on the thread pool. For some
    /// requests only: <c>app.UseWhen(context => ..., branch => branch.UseGreenThreads())</c>.
    /// </summary>
    /// <param name="app">The application.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>The application.</returns>
    /// <exception cref="ArgumentNullException">There is no application.</exception>
    public static IApplicationBuilder UseGreenThreads(this IApplicationBuilder app, GreenThreadsOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(app);
        options ??= new GreenThreadsOptions();
        return app.Use(next => new GreenThreadsMiddleware(next, options).InvokeAsync);
    }
}
