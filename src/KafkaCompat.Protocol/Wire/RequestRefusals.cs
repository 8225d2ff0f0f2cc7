namespace KafkaCompat.Protocol;

/// <summary>Refusals of a request as a whole, with the type of its answer.</summary>
public static class RequestRefusals
{
    /// <summary>The answer that says one error of all that the request names; see <see cref="IRequest.Refusal"/>.</summary>
    public static TResponse Refused<TResponse>(this IRequestFor<TResponse> request, short version, ErrorCode error, string? message = null)
        where TResponse : class, IResponse
    {
        ArgumentNullException.ThrowIfNull(request);
        return (TResponse)request.Refusal(version, error, message);
    }
}
