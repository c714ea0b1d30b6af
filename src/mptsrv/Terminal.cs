using MptTools.Engine.ControlPlane;

namespace MptTools.Mptsrv;

/// <summary>The commands of a server in front: p, r and q, a line each, from a terminal or a pipe.</summary>
internal static class Terminal
{
    /// <summary>
    /// Reads commands on a thread of its own until the input ends. A service manager gives no input at all, so its end
    /// means nothing to the server.
    /// </summary>
    internal static void Attach(IServerControl server, Stream input, TextWriter output)
    {
        var reader = new Thread(() => Read(server, input, output)) { IsBackground = true, Name = "terminal" };
        reader.Start();
    }

    internal static void Read(IServerControl server, Stream input, TextWriter output)
    {
        using var lines = new StreamReader(input);
        while (lines.ReadLine() is { } line)
        {
            switch (line.Trim())
            {
                case "":
                    break;
                case "p":
                    PrintStatus(server, output);
                    break;
                case "r":
                    Reload(server, output);
                    break;
                case "q":
                    server.RequestStop();
                    return;
                default:
                    output.WriteLine("The server answers to p (print the status), r (reload the configuration) and q (quit).");
                    break;
            }
        }
    }

    /// <summary>Prints the status, or why there is none: the server may be about to stop.</summary>
    internal static void PrintStatus(IServerControl server, TextWriter output)
    {
        try
        {
            output.Write(StatusText.Render(server.GetStatus()));
        }
        catch (MptCommandException e)
        {
            output.WriteLine($"mptsrv: {e.Message}");
        }
    }

    /// <summary>Reads the configuration again.</summary>
    /// <returns>Why it could not be; null when it was.</returns>
    internal static string? Reload(IServerControl server, TextWriter output)
    {
        try
        {
            server.Reload();
            return null;
        }
        catch (MptCommandException e)
        {
            output.WriteLine($"mptsrv: {e.Message}");
            return e.Message;
        }
    }
}
